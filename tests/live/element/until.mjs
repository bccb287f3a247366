// Waiting for something that nobody announces.

import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 25;

/** Ask again and again until the answer is yes; tell whether it came in time. */
export async function until(asked, patience = Infinity) {
    const end = Date.now() + patience;
    while (!(await asked())) {
        if (Date.now() > end) {
            return false;
        }
        await sleep(POLL_MS);
    }
    return true;
}
