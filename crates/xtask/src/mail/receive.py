"""A mail server that wants a password over an encrypted line and takes nobody at the first try. It has the
channels of a running server tested, and reads what comes with the parser of Python's library."""

import json
import ssl
import sys
import time
import urllib.request
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

HOW, CERTIFICATE, KEY = sys.argv[1:]
USER, PASSWORD = "cauce@example.com", "p@ss:word"
EXPECTED = {
    "ana@example.com": ("A test: alerts reach this channel", "Nothing is wrong", "en"),
    "luis@example.com": ("Una prueba: las alertas llegan a este canal", "No pasa nada", "es"),
}


class Receiver:
    def __init__(self):
        self.tried = set()
        self.letters = {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address not in self.tried:
            self.tried.add(address)
            return "451 4.7.1 Greylisted, come back"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = message_from_bytes(envelope.content, policy=policy.default)
        for address in envelope.rcpt_tos:
            self.letters.setdefault(address, []).append((letter, session))
        return "250 2.0.0 OK"


def allowed(server, session, envelope, mechanism, data):
    right = data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=right)


def call(method, path):
    request = urllib.request.Request(URL + path, method=method, data=b"{}" if method == "POST" else None)
    request.add_header("Authorization", f"Bearer {TOKEN}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(CERTIFICATE, KEY)
receiver = Receiver()
secured = {"ssl_context": context} if HOW == "tls" else {"tls_context": context, "require_starttls": True}
controller = Controller(
    receiver,
    hostname="localhost",
    port=18465 if HOW == "tls" else 18587,
    authenticator=allowed,
    auth_required=True,
    auth_require_tls=HOW != "tls",
    **secured,
)
controller.start()
scheme = "smtps" if HOW == "tls" else "smtp"
print(f"{scheme}://cauce%40example.com:p%40ss%3Aword@localhost:{controller.port}", flush=True)
URL, TOKEN = sys.stdin.readline().strip(), sys.stdin.readline().strip()

for channel in ("email", "madrid"):
    call("POST", f"/api/alerts/channels/{channel}/test")
deadline = time.monotonic() + 60
while set(receiver.letters) != set(EXPECTED):
    assert time.monotonic() < deadline, f"no letter for {set(EXPECTED) - set(receiver.letters)}"
    time.sleep(0.1)
time.sleep(1)
controller.stop()

for address, (title, says, language) in EXPECTED.items():
    (letter, session), *more = receiver.letters[address]
    assert not more, f"{len(more)} letters too many for {address}"
    assert session.ssl is not None or HOW == "tls", "the line is encrypted"
    assert session.authenticated, "somebody has logged in"
    assert not letter.defects, letter.defects
    assert letter["subject"] == f"[Cauce] {title}", letter["subject"]
    assert letter["from"] == "Cauce <cauce@example.com>" and letter["date"] and letter["message-id"]
    assert letter["auto-submitted"] == "auto-generated"
    text = letter.get_body(("plain",)).get_content()
    html = letter.get_body(("html",)).get_content()
    assert title in text and says in text and title in html and says in html, (text, html)
    assert f'<html lang="{language}">' in html
    print(f"== by {HOW}, to {address}: {letter['subject']}\n{text}")
