// A bot that acts on every event once, whatever dies meanwhile (docs/guide/bots.md).
//
//     node bot.ts [ADDRESS] [FILE]        Node 22.18 or later; it needs no packages
// FILE has a line for each event that was acted on, and so is the memory after a kill.
import { appendFileSync, existsSync, readFileSync } from "node:fs";

const address = process.argv[2] ?? "ws://127.0.0.1:8080/v1/stream?channels=*&heartbeat_s=2";
const file = process.argv[3] ?? "bot.jsonl";
type Line = { id: string; at: string };
const text = existsSync(file) ? readFileSync(file, "utf8") : "";
const lines: Line[] = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
const done = new Set(lines.map((line) => line.id));
let at = lines.at(-1)?.at;
function act(frame: any) {
  if (frame.type === "signal" && frame.expires_at > Date.now() * 1000) { // later it is history
    console.log("trade", frame.symbol, frame.data.side, JSON.stringify(frame.data.entry));
  }
}
function follow() {
  const stream = new WebSocket(address + (at ? `&from=${at}` : ""));
  let epoch: string, prev: number, left = false, silence: NodeJS.Timeout;
  const leave = (wait: number) => {
    if (left) return; // what still arrives on this connection is not for us
    left = true;
    clearTimeout(silence);
    stream.close();
    setTimeout(follow, wait);
  };
  const listen = () => { clearTimeout(silence); silence = setTimeout(() => leave(0), 15_000); }; // silence is a dead connection
  listen();
  stream.onmessage = ({ data }) => {
    if (left) return;
    listen();
    const frame = JSON.parse(data);
    if (frame.error) return frame.error.retry_after_ms ? leave(frame.error.retry_after_ms) : mend(data);
    if (frame.ok) {
      epoch = frame.epoch;
      prev = frame.resumed === "replay" ? Number(at!.split(":")[1]) : frame.head;
      console.log("following after", prev, frame.resumed); // reset: read the state anew
    } else if (frame.type === "heartbeat" && epoch) at = `${epoch}:${frame.positions["1"]}`;
    else if (frame.type === "gap" && frame.why !== "slow") {
      console.log("left out", data);
      prev = frame.to;
    } else if (frame.type === "gap" || (frame.seq && frame.prev !== prev)) {
      leave(0); // too slow, or a hole: what is missing comes after the last event
    } else if (frame.seq) {
      [prev, at] = [frame.seq, `${epoch}:${frame.seq}`];
      if (done.has(frame.id)) return;
      act(frame);
      appendFileSync(file, JSON.stringify({ id: frame.id, at }) + "\n");
      done.add(frame.id);
    }
  };
  stream.onclose = ({ code, reason }) => {
    if (!left && (code === 1002 || code === 1007 || Math.floor(code / 100) === 44)) mend(`${code} ${reason}`);
    leave(Math.floor(code / 100) === 45 ? JSON.parse(reason).retry_after_ms ?? 1_000 : 1_000);
  };
}
function mend(why: string): never { console.error("to be mended:", why); process.exit(1); }
follow();
