// The protocol: one JSON object a line. In: {"id": 1, "do": "send", ...}; out: {"id": 1, "ok": ...}
// or {"id": 1, "error": "..."}, and unasked {"event": "...", ...}. Ends when its input ends.
// What a request means belongs in person.mjs, what an event looks like in shown.mjs.

import { createInterface } from "node:readline";

// Standard output is for the protocol alone; libraries print what they like to standard error.
for (const level of ["log", "info", "debug", "trace"]) {
    console[level] = () => {};
}
console.warn = console.error;

const { logger } = await import("matrix-js-sdk/lib/logger.js");
logger.setLevel("warn");
const { Person } = await import("./person.mjs");

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const person = new Person((event, about) => tell({ event, ...about }));

async function answer({ id, do: deed, ...details }) {
    try {
        if (!person.deeds.has(deed)) {
            throw new Error(`no such deed: ${deed}`);
        }
        tell({ id, ok: (await person[deed](details)) ?? null });
    } catch (error) {
        tell({ id, error: `${error.errcode ?? error.name}: ${error.message}` });
        console.error(deed, error);
    }
}

process.on("unhandledRejection", (error) => console.error("not awaited", error));
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => answer(JSON.parse(line)));
lines.on("close", () => process.exit(0));
