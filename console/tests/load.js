// Loads a TypeScript module of the console into a test: bundled in memory, types left out.
import { rolldown } from 'rolldown';
import { fileURLToPath } from 'node:url';

/** The exports of `src/PATH`. */
export async function load(path) {
  const input = fileURLToPath(new URL(`../src/${path}`, import.meta.url));
  const bundle = await rolldown({ input, logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'esm' });
  await bundle.close();
  const code = Buffer.from(output[0].code).toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}
