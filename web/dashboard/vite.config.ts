// Builds dist/: the dashboard, the reference of the API, and files with a hash in their names, each
// with compressed copies beside it. What a first visit to a page loads may not grow beyond a limit.

import { readdirSync, rmSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { type Plugin, type Rollup, defineConfig } from "vite";

const DIST = "dist";
const MAX_GZIP_BYTES = 150_000;
const PAGES = ["index.html", "docs.html"];
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
    rollupOptions: { input: PAGES },
  },
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  server: { proxy: Object.fromEntries(["/api", "/tracking-v2", "/metrics", "/version", "/readyz", "/openapi.json"].map((path) => [path, SERVER])) },
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
    // After everything else: what is written last into a script has to be in its copies, too.
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const sizes = new Map<string, number>();
        for (const [fileName, file] of Object.entries(bundle)) {
          const source = Buffer.from(file.type === "chunk" ? file.code : file.source);
          const gzip = gzipSync(source, { level: 9 });
          const brotli = brotliCompressSync(source, {
            params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
          });
          sizes.set(fileName, gzip.length);
          this.emitFile({ type: "asset", fileName: `${fileName}.gz`, source: gzip });
          this.emitFile({ type: "asset", fileName: `${fileName}.br`, source: brotli });
        }
        for (const page of PAGES) {
          const total = firstVisit(page, bundle).reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
          const size = `${page}: a first visit loads ${total} bytes gzip`;
          if (total > MAX_GZIP_BYTES) this.error(`${size}; at most ${MAX_GZIP_BYTES}; hint: import what is seldom needed when it is needed`);
          this.info(size);
        }
      },
    },
  };
}

/** The files that a page loads before anybody does anything: itself, its scripts and their styles. */
function firstVisit(page: string, bundle: Rollup.OutputBundle): string[] {
  const found = new Set([page]);
  const follow = (name: string): void => {
    const file = bundle[name];
    if (!file || found.has(name)) return;
    found.add(name);
    if (file.type !== "chunk") return;
    file.imports.forEach(follow);
    file.viteMetadata?.importedCss.forEach((css) => found.add(css));
    file.viteMetadata?.importedAssets.forEach((asset) => found.add(asset));
  };
  for (const [name, file] of Object.entries(bundle)) {
    if (file.type === "chunk" && file.isEntry && file.facadeModuleId?.endsWith(`/${page}`)) follow(name);
  }
  return [...found];
}
