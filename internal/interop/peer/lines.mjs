// The lines between the Go test and this process.

import { createInterface } from 'node:readline';

// say tells the test what happened.
export function say(event, details) {
  process.stdout.write(JSON.stringify({ event, ...details }) + '\n');
}

// obey calls, for each line, the function that has the name in its field "do",
// and waits for it before the next one. Commands is a promise.
export async function obey(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: name, ...args } = JSON.parse(line);
    await (await commands)[name](args);
  }
  process.exit(); // the test is over
}
