import { spawn } from "node:child_process";
import { createLogger, defineConfig } from "vite";

// Vite serves the page while you write it, and passes the rest on to the game's server.
const game = `http://127.0.0.1:${process.env.PORT ?? 8000}`;

// A change of the rules, or of the page, ends connections to the game's server; pages open new ones. That is no error.
const customLogger = createLogger();
const { error } = customLogger;
customLogger.error = (message, options) => {
  const { code } = (options?.error ?? {}) as { code?: string };
  if (code !== "ECONNRESET" && code !== "EPIPE") error(message, options);
};

export default defineConfig({
  build: { sourcemap: true },
  customLogger,
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
    {
      name: "types of the rules",
      apply: "serve",
      configureServer: ({ watcher }) => {
        watcher.on("change", (path) => {
          // What is wrong with the rules, `gameserver dev` says.
          if (path.endsWith(".py")) spawn("make", ["src/tag.d.ts"], { stdio: "ignore" });
        });
      },
    },
  ],
});
