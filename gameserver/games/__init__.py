"""Games that come with the package, written on its public face only."""
