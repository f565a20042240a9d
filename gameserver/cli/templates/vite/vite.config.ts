import { defineConfig } from "vite";

// Vite serves the page while you write it, and passes the rest on to the game's server.
const game = `http://127.0.0.1:${process.env.PORT ?? 8000}`;

export default defineConfig({
  build: { sourcemap: true },
  server: {
    proxy: { "/ws": { target: game, ws: true }, "/step": game, "/api": game, "/dev": game },
  },
  plugins: [
    {
      name: "errors of the rules over the page",
      apply: "serve",
      transformIndexHtml: () => [
        { tag: "script", attrs: { type: "module", src: "/dev/overlay.js" }, injectTo: "head" },
      ],
    },
  ],
});
