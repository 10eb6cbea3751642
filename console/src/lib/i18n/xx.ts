// Not a language: English made strange, for tests. Chosen by hand only (`language` = `xx` in the
// browser's storage); no menu offers it.
import { en } from './en';
import { pseudoAll } from './pseudo';

export default pseudoAll(en);
