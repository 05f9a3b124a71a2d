// Compresses and inflates messages with zlib, one connection for each line of
// standard input: {bits, takeover, texts, messages}, all in base64. Answers with
// {messages, texts}, what became of them.
import { createInterface } from 'node:readline'
import zlib from 'node:zlib'

const tail = Buffer.from([0, 0, 0xff, 0xff])

// pass returns a function that sends a message through a zlib stream and
// resolves with what came out, up to a sync flush.
const pass = (make, takeover) => {
  let stream
  return input => new Promise((resolve, reject) => {
    if (!stream || !takeover) {
      stream = make()
    }
    const chunks = []
    stream.removeAllListeners('data')
    stream.on('data', chunk => chunks.push(chunk))
    stream.once('error', reject)
    stream.write(input)
    stream.flush(zlib.constants.Z_SYNC_FLUSH, () => {
      stream.removeListener('error', reject)
      resolve(Buffer.concat(chunks))
    })
  })
}

for await (const line of createInterface({ input: process.stdin })) {
  const { bits, takeover, texts, messages } = JSON.parse(line)
  const compress = pass(() => zlib.createDeflateRaw({ windowBits: bits }), takeover)
  const inflate = pass(() => zlib.createInflateRaw({ windowBits: bits }), takeover)
  const answer = { messages: [], texts: [] }
  for (const text of texts) {
    const message = await compress(Buffer.from(text, 'base64'))
    answer.messages.push(message.subarray(0, message.length - tail.length).toString('base64'))
  }
  for (const message of messages) {
    const whole = Buffer.concat([Buffer.from(message, 'base64'), tail])
    answer.texts.push((await inflate(whole)).toString('base64'))
  }
  console.log(JSON.stringify(answer))
}
