"""A mail server for one test: aiosmtpd, and Python's own reader of mail for what it is given.

Usage: mail_server.py SETTINGS-AS-JSON DIRECTORY
Writes each message as the JSON of what a reader sees, and a line per connection to `connections`.
"""

import asyncio
import email
import email.policy
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

settings = json.loads(sys.argv[1])
directory = pathlib.Path(sys.argv[2])
replies = {verb: list(lines) for verb, lines in settings.get("replies", {}).items()}
logins = []
count = 0


def scripted(verb):
    """The next answer that the test wants; the last one again and again."""
    lines = replies.get(verb, [])
    return lines.pop(0) if len(lines) > 1 else (lines[0] if lines else None)


def seen(content, envelope, session, transport):
    mail = email.message_from_bytes(content, policy=email.policy.default)
    parts = [part for part in mail.walk() if not part.is_multipart()]
    return {
        "envelope_from": envelope.mail_from,
        "envelope_to": envelope.rcpt_tos,
        "helo": session.host_name,
        "encrypted": transport.get_extra_info("sslcontext") is not None,
        "logins": logins,
        "headers": [[name, str(value)] for name, value in mail.items()],
        "addresses": {name: [a.addr_spec for a in mail[name].addresses] for name in ("From", "To")},
        "date": mail["Date"].datetime.timestamp(),
        "type": mail.get_content_type(),
        "parts": [[part.get_content_type(), part.get_content()] for part in parts],
        "defects": [str(defect) for part in mail.walk() for defect in part.defects],
        "longest": max(len(line) for line in content.split(b"\n")),
        "is_ascii": content.isascii(),
    }


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        said = scripted("MAIL")
        if said:
            return said
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        said = scripted("RCPT")
        if said:
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global count
        said = scripted("DATA")
        if said == "RESET":
            server.transport.abort()
            return "250 never heard"
        if said:
            return said
        count += 1
        fresh = directory / "fresh"
        fresh.write_text(json.dumps(seen(envelope.original_content, envelope, session, server.transport)))
        fresh.rename(directory / f"{count}.json")
        return f"250 2.0.0 queued as N{count}"


def authenticate(server, session, envelope, mechanism, login):
    good = (login.login.decode(), login.password.decode()) == ("backup", settings["password"])
    logins.append(mechanism)
    said = scripted("AUTH")
    if said:
        return AuthResult(success=False, handled=False, message=said.replace("ECHO", login.password.decode()))
    return AuthResult(success=good, handled=False)


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["certificate"], settings["key"])
    return context


def session():
    with open(directory / "connections", "a") as log:
        log.write("connected\n")
    mode, login = settings["mode"], "password" in settings
    return SMTP(
        Handler(),
        tls_context=tls() if mode == "starttls" else None,
        require_starttls=mode == "starttls",
        authenticator=authenticate if login else None,
        auth_required=login,
        auth_require_tls=mode == "starttls",
        auth_exclude_mechanism=settings.get("without", []),
        decode_data=False,
    )


async def main():
    loop = asyncio.get_running_loop()
    context = tls() if settings["mode"] == "tls" else None
    server = await loop.create_server(session, settings.get("address", "127.0.0.1"), settings.get("port", 0), ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
