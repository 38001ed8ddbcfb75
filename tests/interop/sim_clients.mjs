// OpenAI's Node client against the simulators that test_sim_clients.sh started.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const messages = [{ role: 'user', content: 'what is\na weir?' }]; // 4 words
const client = (name, more = {}) =>
  new OpenAI({ baseURL: process.env[name] + '/v1', apiKey: 'sesame', maxRetries: 0, timeout: 20000, ...more });
const words = (text) => text.split(/\s+/u).filter((w) => w.length > 0).length;

async function plain() {
  const c = client('WEIR_PLAIN');
  const names = [];
  for await (const m of c.models.list()) names.push(m.id);
  assert.deepEqual(names, ['weir-sim']);
  const r = await c.chat.completions.create({ model: 'any', messages, max_tokens: 50 });
  assert.equal(r.model, 'any');
  assert.equal(r.choices[0].finish_reason, 'length');
  assert.equal(words(r.choices[0].message.content), 50);
  assert.equal(r.usage.prompt_tokens, 4);
  assert.equal(r.usage.total_tokens, 54);
  const t = await c.completions.create({ model: 'any', prompt: 'one two', max_tokens: 3 });
  assert.equal(words(t.choices[0].text), 3);
}

async function streams() {
  const c = client('WEIR_PLAIN');
  const stream = await c.chat.completions.create({
    model: 'any', messages, max_completion_tokens: 500, stream: true, stream_options: { include_usage: true },
  });
  const texts = [];
  let finish = null, usage = null;
  for await (const chunk of stream) {
    usage = chunk.usage ?? usage;
    for (const choice of chunk.choices) {
      if (choice.delta.content) texts.push(choice.delta.content);
      finish = choice.finish_reason ?? finish;
    }
  }
  assert.equal(texts.length, 500);
  assert.equal(words(texts.join('')), 500);
  assert.equal(finish, 'length');
  assert.equal(usage.completion_tokens, 500);
  const helper = c.chat.completions.stream({ model: 'any', messages, max_tokens: 30 });
  const whole = await helper.finalChatCompletion(); // the client's own assembly of the deltas
  assert.equal(words(whole.choices[0].message.content), 30);
  assert.equal(whole.choices[0].message.role, 'assistant');
}

async function errors() {
  const ask = { model: 'only', messages, max_tokens: 3 };
  const tls = client('WEIR_TLS');
  assert.equal((await tls.chat.completions.create(ask)).usage.completion_tokens, 3);
  await assert.rejects(tls.chat.completions.create({ ...ask, model: 'other' }),
    (e) => e instanceof OpenAI.NotFoundError && e.code === 'model_not_found');
  await assert.rejects(client('WEIR_TLS', { apiKey: 'wrong' }).chat.completions.create(ask), OpenAI.AuthenticationError);
  await assert.rejects(client('WEIR_PLAIN').chat.completions.create({ ...ask, n: 2 }), OpenAI.BadRequestError);
  const bad = await client('WEIR_ERROR').chat.completions.create({ ...ask, stream: true });
  await assert.rejects(async () => { for await (const chunk of bad) void chunk; }, OpenAI.APIError);
}

async function busy() {
  const c = client('WEIR_LIMIT');
  const ask = { model: 'm', messages, max_tokens: 2000 };
  const stream = await c.chat.completions.create({ ...ask, stream: true });
  await stream[Symbol.asyncIterator]().next();
  await assert.rejects(c.chat.completions.create(ask), OpenAI.RateLimitError);
  stream.controller.abort();
}

async function many() {
  const c = client('WEIR_PLAIN');
  await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    let n = 0;
    for await (const chunk of await c.chat.completions.create({ model: 'm', messages, max_tokens: 20 + i, stream: true }))
      for (const choice of chunk.choices) if (choice.delta.content) n++;
    assert.equal(n, 20 + i);
  }));
}

await plain();
await streams();
await errors();
await busy();
await many();
console.log('openai for Node: fine');
process.exit(0);
