"""A real SMTP server on a free port of this machine. The first line says the port, each further one a mail, as JSON."""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

wished = json.loads(sys.argv[1])
seen = set()


class Mails:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 there is no such mailbox"
        if address.startswith("full@"):
            return "452 4.2.2 the mailbox is full"
        if address.startswith("grey") and address not in seen:
            seen.add(address)
            return "451 4.7.1 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "text": envelope.content.decode("utf-8"),
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "login": session.auth_data.login.decode() if session.auth_data else None,
        }
        print(json.dumps(mail), flush=True)
        if "cut@" in envelope.rcpt_tos[0]:
            server.transport.abort()
        if "silent@" in envelope.rcpt_tos[0]:
            await asyncio.sleep(3600)
        return "250 taken"


def known(server, session, envelope, mechanism, data):
    name, word = wished["login"]
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (name.encode(), word.encode())
    return AuthResult(success=right, auth_data=data) if right else AuthResult(success=False, handled=False)


async def main():
    tls = None
    if wished.get("certificate"):
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(wished["certificate"], wished["key"])
    at_once = tls if wished.get("at_once") else None
    login = bool(wished.get("login"))

    def server():
        return SMTP(
            Mails(),
            hostname="mail.example",
            tls_context=None if at_once else tls,
            require_starttls=bool(tls) and not at_once,
            authenticator=known if login else None,
            auth_required=login,
            auth_require_tls=bool(tls) and not at_once,
        )

    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0, ssl=at_once)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


asyncio.run(main())
