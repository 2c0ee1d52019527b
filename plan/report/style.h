// How a report looks: on a screen, on A4, in black and white. No `<` and no `&` in it: the page is
// XML, too.
#pragma once

namespace brokerlab::plan::report {

inline constexpr const char* page_style = R"(
:root { --ink: #18202b; --soft: #48525f; --line: #d5dbe3; --wash: #f5f7fa; --link: #00548f; }
* { box-sizing: border-box; }
html { background: #fff; }
body { margin: 0; color: var(--ink); background: #fff; font: 15px/1.6 "Noto Sans KR", "Noto Sans CJK KR",
  "Apple SD Gothic Neo", "Malgun Gothic", NanumGothic, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 44px 30px 64px; }
h1 { font-size: 29px; line-height: 1.25; margin: 6px 0 10px; letter-spacing: -0.012em; word-break: keep-all; }
h2 { font-size: 19px; line-height: 1.3; margin: 44px 0 12px; padding-top: 12px; border-top: 2px solid var(--ink); }
h3 { font-size: 15.5px; margin: 26px 0 6px; }
p { margin: 8px 0; max-width: 44em; }
:lang(ko) p, :lang(ko) li, :lang(ko) td, :lang(ko) th { word-break: keep-all; overflow-wrap: anywhere; }
a { color: var(--link); }
.kicker { font-size: 12.5px; font-weight: 600; letter-spacing: 0.06em; color: var(--soft); margin: 0; }
.facts { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 14px 0 0; padding: 0; list-style: none;
  font-size: 13.5px; color: var(--soft); }
.facts b { color: var(--ink); font-weight: 600; }
.verdict { border: 1px solid; border-left-width: 7px; border-radius: 6px; padding: 14px 20px; margin: 24px 0 8px; }
.verdict strong { font-size: 18px; }
.verdict ul { margin: 6px 0 0; padding-left: 20px; }
.pass { border-color: #17693f; background: #f1f9f4; }
.fail { border-color: #a3201a; background: #fdf3f2; }
.unknown { border-color: #7a5600; background: #fdf8ea; }
.pass strong { color: #17693f; }
.fail strong { color: #a3201a; }
.unknown strong { color: #7a5600; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 12px; margin: 14px 0; padding: 0; list-style: none; }
.tiles li { border: 1px solid var(--line); border-radius: 6px; padding: 11px 14px 10px; }
.tiles b { display: block; font-size: 22px; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; }
.tiles span { display: block; font-size: 12.5px; line-height: 1.4; color: var(--soft); }
figure { margin: 26px 0 6px; }
figcaption { font-weight: 650; margin-bottom: 2px; }
figcaption small { font-weight: 400; font-size: 13px; color: var(--soft); margin-left: 8px; }
figure svg { display: block; width: 100%; height: auto; }
figure table { margin: 4px 0 0; }
svg text { font-size: 11.5px; fill: #333d49; font-variant-numeric: tabular-nums; font-family: inherit; }
.key { width: 30px; height: 10px; vertical-align: middle; margin-right: 8px; display: inline-block; }
figure svg.key { width: 30px; height: 10px; display: inline-block; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 6px 0 16px; font-size: 13.5px; line-height: 1.45; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 650; border-bottom: 1.5px solid var(--ink); padding: 5px 12px 5px 0; vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); padding: 5px 12px 5px 0; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; white-space: nowrap; }
figure th { border-bottom: 1px solid #98a2ae; font-weight: 600; color: var(--soft); font-size: 12.5px; }
figure td { padding-top: 3px; padding-bottom: 3px; font-size: 13px; }
.incident { border-left: 4px solid #b34700; padding: 2px 0 4px 16px; margin: 20px 0; }
.incident h3 { margin-top: 0; }
.number { display: inline-block; min-width: 21px; padding: 0 6px; border-radius: 11px; background: #b34700; color: #fff;
  font-size: 12.5px; line-height: 21px; text-align: center; margin-right: 8px; font-weight: 650; }
.effects { margin: 4px 0 10px; padding-left: 18px; font-size: 14px; columns: 2; column-gap: 32px; }
.effects li { break-inside: avoid; }
.note { border-left: 4px solid #7a5600; background: #fdf8ea; padding: 8px 16px; margin: 12px 0; }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: 6px; padding: 12px 16px; margin: 10px 0;
  font: 12.5px/1.55 ui-monospace, "SFMono-Regular", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", NanumGothicCoding, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin: 12px 0; }
summary { cursor: pointer; font-weight: 600; }
footer { margin-top: 48px; padding-top: 12px; border-top: 1px solid var(--line); font-size: 12.5px; color: var(--soft); }
@media (max-width: 680px) {
  main { padding: 24px 16px 40px; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  .effects { columns: 1; }
}
@page { size: A4; margin: 16mm 15mm 18mm; }
@media print {
  body { font-size: 10.5pt; line-height: 1.5; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  h2 { margin-top: 26px; break-after: avoid; }
  h3, figcaption { break-after: avoid; }
  figure, .incident, .verdict, .tiles li, tr, pre { break-inside: avoid; }
  thead { display: table-header-group; }
  a { color: inherit; text-decoration: none; }
  details:not([open]) { display: none; }
}
)";

}  // namespace brokerlab::plan::report
