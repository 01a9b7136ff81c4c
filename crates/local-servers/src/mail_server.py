"""A mail server for tests: takes mails, and tells of each in a line of JSON on its standard output.

How it behaves depends on whom a mail is to: by how the name begins.
  nobody…    no such mailbox (550)
  busy…      not now (450), the first time
  junk…      refused once it is read (554)
  dropping…  read, and the connection is cut before that is answered, the first time
  stalling…  read, and never answered
It ends when its standard input does, so that it does not outlive the test.
"""

import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("--tls", choices=["none", "starttls", "implicit"], required=True)
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--user")
parser.add_argument("--password")
options = parser.parse_args()


def tell(what):
    print(json.dumps(what), flush=True)


class Handler:
    def __init__(self):
        self.seen = set()

    def first_time(self, address):
        known = address in self.seen
        self.seen.add(address)
        return not known

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("nobody"):
            return f"550 5.1.1 no such mailbox: {address}"
        if address.startswith("busy") and self.first_time(address):
            return f"450 4.2.1 not now: {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        recipient = envelope.rcpt_tos[0]
        if recipient.startswith("junk"):
            return "554 5.7.1 refused"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        tell({
            "sender": envelope.mail_from,
            "recipient": recipient,
            "message_id": message["message-id"],
            "from": message["from"],
            "to": message["to"],
            "subject": message["subject"],
            "text": message.get_body(("plain",)).get_content(),
            "html": message.get_body(("html",)).get_content(),
            "encrypted": options.tls == "implicit" or session.ssl is not None,
            "user": session.auth_data,
        })
        if recipient.startswith("stalling"):
            await asyncio.Event().wait()
        if recipient.startswith("dropping") and self.first_time(recipient):
            server.transport.abort()
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = data.login.decode() == options.user and data.password.decode() == options.password
    return AuthResult(success=right, auth_data=options.user)


async def main():
    context = None
    if options.tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
    starttls = context if options.tls == "starttls" else None
    handler = Handler()

    def protocol():
        return SMTP(
            handler,
            hostname="localhost",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=authenticate,
            auth_required=options.user is not None,
            auth_require_tls=options.tls == "starttls",
        )

    loop = asyncio.get_running_loop()
    implicit = context if options.tls == "implicit" else None
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit)
    tell({"port": server.sockets[0].getsockname()[1]})
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
