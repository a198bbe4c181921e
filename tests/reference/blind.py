"""Requests and answers of blind mode (docs/format.md, Blind queries), and digests through the OPRF.

    blind.py REQUEST ANSWER CARD PUBLIC-KEY

checks a request that the card's key signed, and the answer to it, and prints how many elements they have.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import oprf
from container import BLIND_REQUEST, MAGIC as BLOCK_MAGIC, Block, Cursor, parse_block, verify_block
from errors import FormatError, require
from keys import ORDER, Card, derive, lp, parse_card
from manifest import FEED_ID

MAGIC = b"bisikans"
STATE_MAGIC = b"bisikpre"
DOMAIN = re.compile(rb"([a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}")
MOST = 16_384


@dataclass
class Message:
    """A request or an answer: whose, and its elements; an answer has the proof and the digest of its request as well."""

    publisher: bytes
    feed: str
    epoch: int
    elements: list[bytes]
    digest: bytes
    proof: bytes = b""

    @property
    def ids(self) -> bytes:
        """IDS."""
        return lp(self.publisher) + lp(self.feed.encode()) + self.epoch.to_bytes(4, "little")


def _ids(cursor: Cursor) -> tuple[bytes, str, int]:
    require(cursor.integer(4) == 32, "bad-message", "publisher id")
    publisher = cursor.take(32)
    try:
        feed = cursor.take(cursor.integer(4)).decode()
    except UnicodeDecodeError as error:
        raise FormatError("bad-message", "feed id") from error
    require(FEED_ID.fullmatch(feed) is not None, "invalid-name", "feed id")
    epoch = cursor.integer(4)
    require(epoch > 0, "bad-message", "epoch")
    return publisher, feed, epoch


def _elements(cursor: Cursor, count: int) -> list[bytes]:
    return [cursor.take(32) for _ in range(count)]


def _count(cursor: Cursor) -> int:
    count = cursor.integer(4)
    require(count <= MOST, "too-many-elements")
    require(count > 0, "bad-message", "no elements")
    return count


def parse_request(data: bytes, clients: list[Card]) -> Message:
    """A request, signed by one of the clients."""
    block: Block = parse_block(data, BLIND_REQUEST)
    require(block.length == len(data), "trailing-bytes")
    verify_block(block, clients)
    return _request(block)


def _request(block: Block) -> Message:
    """What a request's block says."""
    cursor = Cursor(block.body)
    publisher, feed, epoch = _ids(cursor)
    cursor.take(16)
    elements = _elements(cursor, _count(cursor))
    cursor.finish()
    return Message(publisher, feed, epoch, elements, derive("blind request", block.signed))


def parse_answer(data: bytes) -> Message:
    """An answer; its proof is checked apart."""
    cursor = Cursor(data)
    answer = _answer(cursor)
    cursor.finish()
    return answer


def _answer(cursor: Cursor) -> Message:
    require(cursor.take(8) == MAGIC, "bad-message", "magic")
    require(cursor.integer(2) == 1, "unsupported-version")
    digest = cursor.take(32)
    publisher, feed, epoch = _ids(cursor)
    count = _count(cursor)
    proof = cursor.take(64)
    return Message(publisher, feed, epoch, _elements(cursor, count), digest, proof)


def parse_state(data: bytes, feeds: list[bytes]) -> None:
    """What a member keeps between request and answer (section 11.3), for the blind feeds with these IDS. Of canonical forms only the
    shape of a domain is checked."""
    cursor = Cursor(data)
    require(cursor.take(8) == STATE_MAGIC, "bad-message", "magic")
    require(cursor.integer(2) == 1, "unsupported-version")
    for _ in range(cursor.integer(4)):
        kind = cursor.integer(1)
        if kind == 0:
            require(100 <= cursor.integer(2) < 1000, "bad-message", "no number of an error")
            continue
        form = cursor.take(cursor.integer(4))
        require(kind <= 17 and (kind != 3 or DOMAIN.fullmatch(form) is not None), "bad-message", "input")
    for _ in range(cursor.integer(4)):
        require(cursor.take(cursor.integer(4)) in feeds, "wrong-epoch", "asked")
    for _ in range(cursor.integer(4)):
        request = _own_request(cursor.take(cursor.integer(4)))
        require(request.ids in feeds, "wrong-epoch", "request")
        count = cursor.integer(4)
        cursor.take(64 * count)
        blinds = [int.from_bytes(cursor.take(32), "little") for _ in range(count)]
        require(count <= len(request.elements), "count-mismatch")
        require(all(0 < blind < ORDER for blind in blinds), "bad-message", "blind")
        for element in request.elements:
            oprf.decode(element)
    cursor.finish()


def _own_request(data: bytes) -> Message:
    """A request that one has signed oneself: its signature is not verified."""
    require(data[:8] != BLOCK_MAGIC or data[8:10] != b"\1\0" or data[10:11] in (b"", bytes([BLIND_REQUEST])), "bad-message", "type")
    block = parse_block(data, BLIND_REQUEST)
    require(block.length == len(data), "trailing-bytes")
    return _request(block)


def oprf_input(ids: bytes, framed: bytes) -> bytes:
    """What the OPRF is asked for a frame."""
    return b"bisik v1 oprf\0" + ids + framed


def digest_of(ids: bytes, output: bytes) -> bytes:
    """The digest of an OPRF output."""
    return derive("blind digest", ids + output)


def digest_with_key(key: int, ids: bytes, framed: bytes) -> bytes:
    """The digest of a frame, as the holder of the OPRF key computes it."""
    return digest_of(ids, oprf.evaluate(key, oprf_input(ids, framed)))


def check(request: Message, answer: Message, public: bytes) -> int:
    """Whether an answer is to a request and was made with the key behind a public key."""
    require(answer.digest == request.digest and answer.ids == request.ids, "bad-message", "another request's answer")
    oprf.check_proof(public, request.elements, answer.elements, answer.proof)
    return len(request.elements)


def check_all(requests: list[Message], answers: bytes, public: bytes) -> None:
    """Refuses unless these are answers to all of the requests and to no other, one after the other in any order."""
    cursor = Cursor(answers)
    found = []
    while cursor.position < len(answers):
        found.append(_answer(cursor))
    for request in requests:
        answer = next((one for one in found if one.digest == request.digest), None)
        if answer is None:
            raise FormatError("answer-missing")
        require(answer.ids == request.ids, "wrong-feed")
        oprf.check_proof(public, request.elements, answer.elements, answer.proof)
    known = {request.digest for request in requests}
    require(all(answer.digest in known for answer in found), "bad-message", "an answer to no request")


def main() -> int:
    """The command line."""
    request, answer, card = (Path(name).read_bytes() for name in sys.argv[1:4])
    try:
        asked = parse_request(request, [parse_card(card)])
        print(check(asked, parse_answer(answer), bytes.fromhex(sys.argv[4])))
    except FormatError as error:
        print(error.kind)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
