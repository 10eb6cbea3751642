// Who is here, and the two questions that may interrupt any action: log in, confirm the password.
import type { Role, Session } from './types';

const RANK: Record<Role, number> = { viewer: 0, analyst: 1, admin: 2 };

class SessionState {
  current = $state<Session>({
    user: null,
    setup_needed: false,
    demo: false,
    captures: true,
    insecure: false,
    csrf: null,
    version: '',
  });
  /** False until the program has answered once. */
  known = $state(false);
  /** Why the program could not be asked at the start. */
  unreachable = $state(false);
  /** Set while the login overlay is up (the session ended during work). */
  loginAsked = $state(false);
  /** Set while the password must be entered again. */
  confirmAsked = $state(false);

  get user() {
    return this.current.user;
  }
  /** True when the user may do what needs `role`. */
  may(role: Role): boolean {
    const user = this.current.user;
    return user !== null && RANK[user.role] >= RANK[role];
  }
}

export const session = new SessionState();

type Waiter = (ok: boolean) => void;
const loginWaiters: Waiter[] = [];
const confirmWaiters: Waiter[] = [];

/** Takes over what the program said about the session. */
export function setSession(next: Session) {
  session.current = next;
  session.known = true;
  session.unreachable = false;
}

/** Asks the program who is here. */
export async function loadSession(): Promise<void> {
  try {
    const answer = await fetch('/api/v1/session', { headers: { Accept: 'application/json' } });
    if (!answer.ok) throw new Error(String(answer.status));
    setSession((await answer.json()) as Session);
  } catch {
    session.unreachable = true;
  }
}

/** Shows the login overlay; resolves when somebody has logged in (true) or gave up (false). */
export function askLogin(): Promise<boolean> {
  session.loginAsked = true;
  return new Promise((resolve) => loginWaiters.push(resolve));
}
export function answerLogin(ok: boolean) {
  session.loginAsked = false;
  for (const waiter of loginWaiters.splice(0)) waiter(ok);
}

/** Shows the password dialog; resolves as [`askLogin`]. */
export function askConfirm(): Promise<boolean> {
  session.confirmAsked = true;
  return new Promise((resolve) => confirmWaiters.push(resolve));
}
export function answerConfirm(ok: boolean) {
  session.confirmAsked = false;
  for (const waiter of confirmWaiters.splice(0)) waiter(ok);
}
