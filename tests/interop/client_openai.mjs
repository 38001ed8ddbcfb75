// client_openai.mjs - the official Node client against the simulator. usage: node client_openai.mjs URL LIMITED_URL FAULTY_URL
// See client_openai.py for the three; run in a folder whose node_modules holds the package.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.cwd() + "/");
const { default: OpenAI } = await import(pathToFileURL(require.resolve("openai")).href);
const [url, limited, faulty] = process.argv.slice(2);
const connect = (base, apiKey) => new OpenAI({ baseURL: base + "/v1", apiKey, maxRetries: 0 });
const client = connect(url, "correct");
const ask = {
    model: "llama",
    messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "How deep is it?" }],
};
const words = (s) => s.split(/\s+/).filter((w) => w).length;

function same(got, wanted, what) {
    if (JSON.stringify(got) !== JSON.stringify(wanted)) {
        console.log(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
        process.exit(1);
    }
}

async function rejected(who, request, kind, status, what) {
    try {
        await who.chat.completions.create(request);
    } catch (e) {
        same([e.constructor.name, e.status, Boolean(e.message && e.error?.message)], [kind, status, true], what);
        return e;
    }
    same("an answer", "an error", what);
}

async function all(stream) {
    const parts = [];
    for await (const part of stream) parts.push(part);
    return parts;
}

same((await client.models.list()).data.map((m) => m.id), ["llama"], "models");

const done = await client.chat.completions.create({ ...ask, max_tokens: 7 });
same([done.model, done.choices[0].finish_reason, words(done.choices[0].message.content)], ["llama", "length", 7], "completion");
same([done.usage.prompt_tokens, done.usage.completion_tokens, done.usage.total_tokens], [6, 7, 13], "usage");

const streamed = { ...ask, stream: true, max_tokens: 5, stream_options: { include_usage: true } };
const chunks = await all(await client.chat.completions.create(streamed));
same(chunks[0].choices[0].delta.role, "assistant", "the first chunk's role");
same(chunks.filter((c) => c.choices[0]?.delta.content).length, 5, "chunks");
const last = chunks.at(-1);
same([last.choices, last.usage.completion_tokens], [[], 5], "the usage chunk");
const helper = client.chat.completions.stream({ ...ask, max_tokens: 4 });
same(words(await helper.finalContent()), 4, "the stream helper");

const text = await client.completions.create({ model: "llama", prompt: "How deep is it?", max_tokens: 6 });
same([words(text.choices[0].text), text.usage.prompt_tokens], [6, 4], "text completion");

await rejected(connect(url, "wrong"), ask, "AuthenticationError", 401, "a wrong key");
await rejected(client, { ...ask, model: "gpt" }, "NotFoundError", 404, "a wrong model");
await rejected(client, { ...ask, messages: [] }, "BadRequestError", 400, "no messages");

const busy = connect(limited, "any");
const first = await busy.chat.completions.create({ ...ask, max_tokens: 20, stream: true });
const refused = await rejected(busy, ask, "RateLimitError", 429, "a second request at once");
same(Number(refused.headers.get("retry-after")) >= 1, true, "Retry-After");
await all(first);

try {
    await all(await connect(faulty, "any").chat.completions.create({ ...ask, max_tokens: 20, stream: true }));
    same("an answer", "an error", "an error event");
} catch (e) {
    same([e instanceof OpenAI.APIError, Boolean(e.message)], [true, true], "an error event");
}
console.log("openai for Node on", process.version);
