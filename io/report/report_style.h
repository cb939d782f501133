// The style sheet of all reports.
#pragma once

namespace switchyard {

inline constexpr const char* report_style = R"(
:root { color-scheme: light dark; --page: #f7f7f5; --card: #fff; --ink: #1d2129; --soft: #646b78;
  --line: #e2e3e6; --kept: #2f6fb7; --gone: #d9822b; --third: #5b9a68; --alarm: #b3261e;
  --alarm-page: #fdecea; }
@media (prefers-color-scheme: dark) { :root { --page: #15171b; --card: #1e2127; --ink: #e7e9ed;
  --soft: #9aa1ad; --line: #343942; --kept: #6ea8e5; --gone: #e9a45b; --third: #7fbf8d;
  --alarm: #ff9d94; --alarm-page: #3a1f1d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 36px 0 10px; }
h3 { font-size: 15px; margin: 0 0 6px; }
p { margin: 4px 0 10px; max-width: 75ch; }
.soft, figcaption { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 14px 16px; }
.tiles { display: grid; gap: 12px; margin-top: 20px;
  grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); }
.tile b { display: block; font-size: 26px; font-weight: 600; line-height: 1.25; }
.tile span { color: var(--soft); font-size: 13px; }
.plots { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); }
figure { margin: 0; }
figcaption { font-size: 13px; }
.wide { overflow-x: auto; padding: 4px 16px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 7px 8px; border-top: 1px solid var(--line);
  white-space: nowrap; vertical-align: top; }
tr:first-child > th { border-top: 0; }
th { font-weight: 600; font-size: 13px; white-space: normal; vertical-align: bottom; }
th:first-child, td:first-child, .text { text-align: left; }
td small { color: var(--soft); display: block; }
td:first-child small { white-space: normal; max-width: 36ch; line-height: 1.35; }
td.bar { width: 34%; min-width: 160px; }
.track { display: flex; height: 16px; border-radius: 3px; overflow: hidden;
  background: var(--line); }
.track i { display: block; }
i.kept, .key.kept { background: var(--kept); }
i.gone, .key.gone { background: var(--gone); }
i.third, .key.third { background: var(--third); }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin: 0 4px 0 10px; }
.much { color: var(--alarm); font-weight: 700; }
.alarm { background: var(--alarm-page); border-color: var(--alarm); margin-top: 16px; }
.alarm ul { margin: 4px 0; padding-left: 20px; }
svg { width: 100%; height: auto; display: block; }
svg .grid { stroke: var(--line); } svg .base { stroke: var(--soft); }
svg text { fill: var(--soft); font-size: 11px; text-anchor: middle; }
svg text.tick { text-anchor: end; } svg text.axis { font-size: 12px; }
svg rect.kept { fill: var(--kept); } svg rect.gone { fill: var(--gone); }
svg rect.third { fill: var(--third); }
svg rect:hover { opacity: .75; }
.example { border-top: 1px solid var(--line); padding: 10px 0; }
.example:first-of-type { border-top: 0; }
.example code, td code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
blockquote { margin: 6px 0 0; padding-left: 12px; border-left: 3px solid var(--line);
  white-space: pre-wrap; overflow-wrap: anywhere; color: var(--soft); font-size: 14px; }
details { margin-bottom: 10px; }
summary { cursor: pointer; font-weight: 600; }
)";

}  // namespace switchyard
