// Every request of the console goes through ask. It only reads.
import { askForToken, token } from "./token.js";

// timeout, in milliseconds, is a little longer than a question takes inside a node, so
// that the node's own error arrives.
const timeout = 13000;

// ApiError is an answer that is no success. Its message is the node's own.
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// ask resolves to what the answering node says at a path of the API.
export async function ask(path) {
  for (;;) {
    const shown = token();
    const response = await send(path, shown);
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    const message = problem(text, response.status);
    if (response.status !== 401) throw new ApiError(response.status, message);
    // Another request may have got a token meanwhile: then that one counts.
    if (token() === shown) {
      await askForToken(shown ? "The node does not take this token: " + message : "This node answers only to those who show a token.");
    }
  }
}

// askNode asks a node of the cluster, through the answering one.
export function askNode(id, page) { return ask(`nodes/${encodeURIComponent(id)}/${page}`); }

async function send(path, shown) {
  try {
    return await fetch("/api/v1/" + path, {
      headers: shown ? { Authorization: "Bearer " + shown } : {},
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(timeout),
    });
  } catch (error) {
    throw new ApiError(0, error.name === "TimeoutError" ? "it does not answer in time" : "it cannot be reached");
  }
}

function problem(text, status) {
  try {
    return JSON.parse(text).error || `HTTP status ${status}`;
  } catch {
    return `HTTP status ${status}`;
  }
}
