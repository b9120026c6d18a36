// Draws the pictures beside this file. See README.md for what it needs and how
// it is run. What it writes is kept in the repository, so that building the
// program needs none of this.
import { Resvg } from "@resvg/resvg-js";
import sharp from "sharp";
import subsetFont from "subset-font";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = (name) => join(process.cwd(), "node_modules", name);
const here = import.meta.dirname;
const font = join(root("@expo-google-fonts/inter"), "600SemiBold/Inter_600SemiBold.ttf");

const codes = JSON.parse(readFileSync(join(here, "codes.json"), "utf8"));

async function draw(svg, file, width) {
  const picture = new Resvg(svg, {
    fitTo: { mode: "width", value: width },
    font: { fontFiles: [font], loadSystemFonts: false, defaultFontFamily: "Inter" },
  });
  // A palette of 256 colours is as good to the eye here, and half the size.
  await sharp(picture.render().asPng()).png({ palette: true, quality: 95, effort: 10 }).toFile(join(here, file));
}

const glyph = (name) => /<path d="([^"]+)"/.exec(readFileSync(join(root("simple-icons"), "icons", name + ".svg"), "utf8"))[1];

// mark is a brand's shape from simple-icons, or its name in letters.
function mark({ icon, text }, x, y, size, room) {
  if (icon) {
    const k = size / 24;
    return `<path transform="translate(${x - size / 2} ${y - size / 2}) scale(${k})" fill="#fff" d="${glyph(icon)}"/>`;
  }
  const height = Math.min(size * 0.55, room / (text.length * 0.66));
  return `<text x="${x}" y="${y + height * 0.36}" text-anchor="middle" font-family="Inter" font-weight="600" font-size="${height}" fill="#fff">${text}</text>`;
}

const svg = (w, h, body) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}">${body}</svg>`;

for (const group of ["flags", "credit-cards", "browsers"]) {
  rmSync(join(here, group), { recursive: true, force: true });
  mkdirSync(join(here, group));
}
for (const code of codes.flags) {
  for (const [shape, suffix, width] of [["4x3", "-wide", 320], ["1x1", "", 240]]) {
    await draw(readFileSync(join(root("flag-icons"), "flags", shape, code + ".svg"), "utf8"), `flags/${code}${suffix}.png`, width);
  }
}
for (const { code, ...brand } of codes["credit-cards"]) {
  const size = brand.icon ? 110 : 90;
  const card = (x, y) => `<rect x="${x}" y="${y}" width="240" height="160" rx="16" fill="${brand.color}"/>` + mark(brand, x + 120, y + 80, size, 210);
  await draw(svg(240, 160, card(0, 0)), `credit-cards/${code}-wide.png`, 360);
  await draw(svg(240, 240, card(0, 40)), `credit-cards/${code}.png`, 240);
}
for (const { code, ...brand } of codes.browsers) {
  const disc = `<circle cx="120" cy="120" r="116" fill="${brand.color}"/>` + mark(brand, 120, 120, brand.icon ? 140 : 150, 190);
  await draw(svg(240, 240, disc), `browsers/${code}.png`, 240);
}

const ascii = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const regular = readFileSync(join(root("@expo-google-fonts/inter"), "400Regular/Inter_400Regular.ttf"));
writeFileSync(join(here, "inter.ttf"), await subsetFont(regular, ascii, { targetFormat: "truetype" }));
console.log(readdirSync(join(here, "flags")).length, "flags");
