"""picture.py - reads the pictures that `weir run --plot` draws, with nothing but Python's own library: a PNG's pixels, an SVG's
texts and shapes, what a PDF's streams hold."""
import re
import struct
import xml.etree.ElementTree as ET
import zlib

from lib import check

SVG = "{http://www.w3.org/2000/svg}"


def png(data, wanted):
    """(width, height, the first `wanted` rows of RGB bytes); every chunk's check sum is held."""
    check(data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG")
    at, packed, head, kinds = 8, b"", None, []
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        check(struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0] == zlib.crc32(kind + body), f"sum of {kind}")
        kinds.append(kind)
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    check(kinds[0] == b"IHDR" and kinds[-1] == b"IEND", f"chunks {kinds}")
    width, height, depth, colour, _, _, interlaced = head
    check((depth, colour, interlaced) == (8, 2, 0), f"PNG of an unexpected kind: {head}")
    raw, stride, rows, before = zlib.decompress(packed), width * 3, [], bytearray(width * 3)
    check(len(raw) == height * (stride + 1), "length of the PNG's pixels")
    for y in range(min(wanted, height)):
        kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        if kind == 1:
            for i in range(3, stride):
                row[i] = (row[i] + row[i - 3]) & 255
        elif kind == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, before))
        elif kind == 3:
            for i in range(stride):
                row[i] = (row[i] + ((row[i - 3] if i >= 3 else 0) + before[i]) // 2) & 255
        elif kind == 4:
            for i in range(stride):
                a, b, c = row[i - 3] if i >= 3 else 0, before[i], before[i - 3] if i >= 3 else 0
                p = a + b - c
                best = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
                row[i] = (row[i] + best) & 255
        rows.append(row)
        before = row
    return width, height, rows


def png_size(data):
    return struct.unpack(">II", data[16:24])


class Text:
    def __init__(self, e):
        self.text, self.x, self.y = e.text, float(e.get("x")), float(e.get("y"))
        self.size, w = float(e.get("font-size")), float(e.get("textLength"))
        self.colour, self.anchor = e.get("fill"), e.get("text-anchor")
        back = {"start": 0, "middle": w / 2, "end": w}[self.anchor]
        high, low = self.size * 0.76, self.size * 0.24  # above and below the baseline
        if e.get("transform"):
            turned = re.fullmatch(r"rotate\(-90 (\S+) (\S+)\)", e.get("transform"))
            check(turned and (float(turned[1]), float(turned[2])) == (self.x, self.y), "a text turned about another point")
            self.box = (self.x - high, self.y + back - w, self.x + low, self.y + back)
        else:
            self.box = (self.x - back, self.y - high, self.x - back + w, self.y + low)


class Svg:
    def __init__(self, data):
        root = ET.fromstring(data)
        check(root.tag == SVG + "svg", root.tag)
        self.width, self.height = (float(v) for v in root.get("viewBox").split()[2:])
        check(root.get("width") == f"{self.width:g}pt" and root.get("height") == f"{self.height:g}pt", "size of the SVG")
        self.title = root.find(SVG + "title").text
        self.texts = [Text(e) for e in root.iter(SVG + "text")]
        self.circles = [(float(e.get("cx")), float(e.get("cy")), e.get("fill"), e.get("stroke"))
                        for e in root.iter(SVG + "circle")]

    def find(self, text):
        found = [t for t in self.texts if t.text == text]
        check(found, f"no text {text!r} in the SVG")
        return found[0]

    def check_texts(self):
        """All within the canvas, none on another."""
        for i, t in enumerate(self.texts):
            a = t.box
            check(a[0] >= 0 and a[1] >= 0 and a[2] <= self.width and a[3] <= self.height, f"{t.text!r} leaves the canvas")
            for o in self.texts[:i]:
                b = o.box
                check(min(a[2], b[2]) - max(a[0], b[0]) < 0.02 or min(a[3], b[3]) - max(a[1], b[1]) < 0.02,
                      f"{t.text!r} lies on {o.text!r}")


def pdf_streams(data):
    """(every stream of the document unpacked, its pages' boxes)."""
    check(data.startswith(b"%PDF-1.") and data.rstrip().endswith(b"%%EOF"), "no PDF")
    where = int(re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", data)[1])
    check(data[where:where + 4] == b"xref", "the PDF's table stands elsewhere")
    streams = []
    for m in re.finditer(rb"/Filter /FlateDecode.*?stream\r?\n", data, re.S):
        streams.append(zlib.decompressobj().decompress(data[m.end():]))
    return streams, re.findall(rb"/MediaBox \[ ([^\]]*?) \]", data)
