// What a new list begins with.
import type { ListKind, ListText } from '../../../lib/types';

const keywords = (name: string) => `[list]
name = "${name}"
about = "Words that must not leave the house."

[[pattern]]
name = "example"
text = "secret project"
severity = "medium"
reason = "Names a project that nobody outside may know of."
`;

export function startOf(kind: ListKind, name: string): ListText {
  const info = { name, builtin: false, enabled: true, entries: 0, hits: 0, version: 0, problems: [] };
  return { info, text: kind === 'keywords' ? keywords(name) : '' };
}
