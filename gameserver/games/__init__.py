"""Games that come with the package. They import what a game author imports, and nothing else of it."""
