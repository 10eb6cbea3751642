// Says after each build what the first page costs, and fails the build when it costs too much.
import { gzipSync } from 'node:zlib';

const LIMIT_KB = 200;
/** The overview is the first page after the login. */
const FIRST_PAGES = ['src/main.ts', 'src/pages/overview/Overview.svelte'];

const kb = (bytes) => (bytes / 1024).toFixed(1).padStart(7) + ' kB';

function reach(bundle, start) {
  const seen = new Set();
  const todo = [...start];
  while (todo.length > 0) {
    const name = todo.pop();
    const file = bundle[name];
    if (!file || seen.has(name)) continue;
    seen.add(name);
    todo.push(...(file.imports ?? []), ...(file.viteMetadata?.importedCss ?? []));
  }
  return seen;
}

/** A Vite plugin that prints compressed sizes. */
export function sizes() {
  return {
    name: 'sizes',
    apply: 'build',
    enforce: 'post',
    writeBundle(_options, bundle) {
      const size = (name) => gzipSync(bundle[name].code ?? bundle[name].source ?? '').length;
      const first = Object.values(bundle).filter(
        (f) => f.type === 'chunk' && (f.isEntry || FIRST_PAGES.some((p) => f.facadeModuleId?.endsWith(p))),
      );
      const names = reach(bundle, first.map((f) => f.fileName));
      let total = 0;
      for (const name of Object.keys(bundle).sort()) {
        const bytes = size(name);
        if (names.has(name)) total += bytes;
        console.log(`${names.has(name) ? '*' : ' '} ${kb(bytes)}  ${name}`);
      }
      console.log(`first page (*): ${kb(total)} compressed, of at most ${LIMIT_KB} kB`);
      if (total > LIMIT_KB * 1024) this.error(`the first page is larger than ${LIMIT_KB} kB`);
    },
  };
}
