"""A website: the files of a key-value store over HTTP."""

from libos.services.http.static import StaticFiles
from libos.signatures.http import Http
from libos.signatures.kv_ro import KvRo


async def start(site: KvRo, http: Http) -> None:
    await http.serve(StaticFiles(site))
