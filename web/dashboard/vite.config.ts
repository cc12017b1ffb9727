// Builds dist/: one page, and files with a hash in their names, each with compressed copies beside
// it. What a first visit loads may not grow beyond a limit.

import { readdirSync, rmSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { type Plugin, defineConfig } from "vite";

const DIST = "dist";
const MAX_GZIP_BYTES = 150_000;
/** Where `npm run dev` finds a server. */
const SERVER = process.env["CAUCE_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  build: {
    outDir: DIST,
    // The folder itself is kept, because the build of the binary watches it.
    emptyOutDir: false,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  server: { proxy: Object.fromEntries(["/api", "/tracking-v2", "/metrics", "/version", "/readyz"].map((path) => [path, SERVER])) },
  plugins: [emptied(), compressed()],
});

/** Takes away what an earlier build left. */
function emptied(): Plugin {
  return {
    name: "emptied",
    apply: "build",
    buildStart() {
      for (const name of readdirSync(DIST)) {
        if (!name.startsWith(".")) rmSync(`${DIST}/${name}`, { recursive: true });
      }
    },
  };
}

function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    enforce: "post",
    generateBundle(_options, bundle) {
      let total = 0;
      for (const [fileName, file] of Object.entries(bundle)) {
        const source = Buffer.from(file.type === "chunk" ? file.code : file.source);
        const gzip = gzipSync(source, { level: 9 });
        const brotli = brotliCompressSync(source, {
          params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
        });
        total += gzip.length;
        this.emitFile({ type: "asset", fileName: `${fileName}.gz`, source: gzip });
        this.emitFile({ type: "asset", fileName: `${fileName}.br`, source: brotli });
      }
      const size = `${total} bytes gzip in all`;
      if (total > MAX_GZIP_BYTES) this.error(`${size}; at most ${MAX_GZIP_BYTES}; hint: leave something out`);
      this.info(size);
    },
  };
}
