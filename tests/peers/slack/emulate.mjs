// Starts emulate's Slack service with an event subscription and prints one line of JSON.
// Its public API has no way to subscribe: createServer makes the dispatcher and hands it to the plugin's register, and
// the plugin is a module-wide object, so a register around the real one gets hold of the dispatcher.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , dist, given] = process.argv;
const { events, seed } = JSON.parse(given);
const name = readdirSync(dist).find(
  (file) => /^dist-\w+\.js$/.test(file) && readFileSync(join(dist, file), "utf8").includes("var slackPlugin = {"),
);
const { slackPlugin } = await import(pathToFileURL(join(dist, name)));
const register = slackPlugin.register;
slackPlugin.register = function (app, store, webhooks, ...rest) {
  webhooks.register({ url: events, active: true, events: ["message"], owner: "slack" });
  return register.call(this, app, store, webhooks, ...rest);
};
const { createEmulator } = await import(pathToFileURL(join(dist, "api.js")));
const port = Number(process.env.EMULATE_PORT);
const emulator = await createEmulator({ service: "slack", port, hostname: "127.0.0.1", seed: { slack: seed } });
console.log(JSON.stringify({ url: emulator.url }));
