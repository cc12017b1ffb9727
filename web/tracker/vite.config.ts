// Builds dist/t.js, with compressed copies beside it, and refuses to let it grow beyond what a page
// should have to load.
//
// Terser and not Vite's own minifier: it inlines across modules, which here is 4 bytes in 100.

import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { type Plugin, defineConfig } from "vite";

const DIST = "dist";
const MAX_GZIP_BYTES = 3_072;

export default defineConfig({
  build: {
    lib: { entry: "src/main.ts", formats: ["iife"], name: "_", fileName: () => "t.js" },
    outDir: DIST,
    rollupOptions: { output: { strict: false } },
    // The folder itself is kept, because the build of the binary watches it.
    emptyOutDir: false,
    target: "es2020",
    minify: "terser",
    terserOptions: {
      compress: {
        ecma: 2020,
        passes: 4,
        inline: 1,
        hoist_funs: true,
        unsafe: true,
        unsafe_arrows: true,
        unsafe_methods: true,
      },
      toplevel: true,
    },
    reportCompressedSize: false,
  },
  plugins: [compressed()],
});

function compressed(): Plugin {
  return {
    name: "compressed",
    generateBundle(_options, bundle) {
      const script = bundle["t.js"];
      if (script?.type !== "chunk") return this.error("there is no t.js");
      const gzip = gzipSync(script.code, { level: 9 });
      const brotli = brotliCompressSync(script.code, {
        params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
      });
      const sizes = `${script.code.length} bytes, ${gzip.length} gzip, ${brotli.length} brotli`;
      if (gzip.length > MAX_GZIP_BYTES) {
        this.error(`t.js: ${sizes}; at most ${MAX_GZIP_BYTES} gzip; hint: leave something out`);
      }
      this.info(`t.js: ${sizes}`);
      const files = { "t.js": script.code, "t.js.gz": gzip, "t.js.br": brotli };
      for (const [fileName, source] of Object.entries(files)) {
        // A file that stays as it is is not written, so that the binary is not built anew for it.
        delete bundle[fileName];
        if (!isOnDisk(fileName, source)) this.emitFile({ type: "asset", fileName, source });
      }
    },
  };
}

function isOnDisk(fileName: string, source: string | Buffer): boolean {
  try {
    return readFileSync(`${DIST}/${fileName}`).equals(Buffer.from(source));
  } catch {
    return false;
  }
}
