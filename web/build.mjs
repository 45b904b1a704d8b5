// Bundles the dashboard into OUT: script and style with their digest in the name, index.html, and manifest.txt with a
// line "path|content type|immutable" for each, which embed.cmake turns into C++.
//
//   node web/build.mjs OUT
import { build } from 'esbuild';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
  console.error('usage: node web/build.mjs OUT');
  process.exit(2);
}
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const result = await build({
  entryPoints: { app: join(here, 'src/main.tsx') },
  outdir: out,
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});

const files = Object.keys(result.metafile.outputs).map((path) => basename(path));
const script = files.find((name) => name.endsWith('.js'));
const style = files.find((name) => name.endsWith('.css'));
const page = readFileSync(join(here, 'index.html'), 'utf8')
  .replace('app.js', script)
  .replace('app.css', style);
writeFileSync(join(out, 'index.html'), page);
// Compressed once, here, so that the server need not do it for each answer.
for (const name of ['index.html', script, style]) {
  const bytes = readFileSync(join(out, name));
  writeFileSync(join(out, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  writeFileSync(join(out, `${name}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}
writeFileSync(
  join(out, 'manifest.txt'),
  [
    'index.html|text/html; charset=utf-8|false',
    `${script}|text/javascript; charset=utf-8|true`,
    `${style}|text/css; charset=utf-8|true`,
  ].join('\n') + '\n',
);
