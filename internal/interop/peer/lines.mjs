// The lines between the Go test and this process.

import { createInterface } from 'node:readline';

// sayer returns a function that tells the test what happened to a connection.
export function sayer(conn) {
  return (event, details) => {
    process.stdout.write(JSON.stringify({ conn, event, ...details }) + '\n');
  };
}

// obey takes lines that have the number of a connection in their field "conn",
// and the name of a function in "do". The functions in begin make a connection
// and return a promise of those that it has. What a connection has to do it
// does one after the other.
export async function obey(begin) {
  const connections = new Map();
  for await (const line of createInterface({ input: process.stdin })) {
    const { conn, do: name, ...args } = JSON.parse(line);
    connections.set(
      conn,
      name in begin
        ? begin[name](sayer(conn), args)
        : connections.get(conn).then(async (commands) => {
            await commands[name](args);
            return commands;
          }),
    );
  }
  process.exit(); // the test is over
}
