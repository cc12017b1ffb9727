// Sends a file, and tells how far it is. `fetch` does not say that of what it sends, so this is the
// older way.

import { connection, signedOut } from "../state/session.ts";
import { Failure, failureOf, read } from "./client.ts";

interface Upload<T> {
  answer: Promise<T>;
  stop(): void;
}

export function upload<T>(path: string, file: Blob, onSent: (bytes: number) => void): Upload<T> {
  const request = new XMLHttpRequest();
  const answer = new Promise<T>((resolve, reject) => {
    request.open("POST", path);
    request.setRequestHeader("content-type", "text/csv");
    request.setRequestHeader("accept", "application/json");
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onload = () => {
      connection.value = "there";
      const { status, responseText } = request;
      try {
        if (status >= 200 && status < 300) return resolve(read<T>(status, responseText));
      } catch (error) {
        return reject(error as Failure);
      }
      const failure = failureOf(status, responseText);
      if (status === 401) signedOut(failure.code);
      reject(failure);
    };
    request.onerror = () => {
      connection.value = "lost";
      reject(new Failure(0, "unreachable", ""));
    };
    request.onabort = () => reject(new Failure(0, "stopped", ""));
    request.send(file);
  });
  return { answer, stop: () => request.abort() };
}
