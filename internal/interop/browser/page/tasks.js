// The page's side of the tests: it asks the Go test for a task, which names a
// function of these files, and posts what the function returns.

import * as page from './document.js';
import * as flow from './flow.js';
import * as messages from './messages.js';

const functions = { ...messages, ...flow, ...page };

// After these the page is another one, which asks for itself.
const last = {
  reload: () => location.reload(),
  visit: ({ url }) => location.assign(url),
};

async function run({ id, do: name, args }) {
  let outcome;
  try {
    outcome = { id, value: (await functions[name](args ?? {})) ?? null };
  } catch (err) {
    outcome = { id, error: `${err.stack ?? err}` };
  }
  await fetch('/outcome', { method: 'POST', body: JSON.stringify(outcome) });
}

for (;;) {
  const task = await (await fetch('/task')).json();
  if (task.do in last) {
    last[task.do](task.args);
    break;
  }
  run(task); // the next one may begin meanwhile
}
