/** The look of a report: light or dark, as the reader's system says; on paper, too. */
export const STYLE: string = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #f6f7f9; --card: #fff; --line: #dfe3e8; --faint: #5b6572; --heat: #0072b2; --on-heat: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --paper: #12161c; --card: #1a2029; --line: #2c3542; --faint: #9aa5b3; --heat: #4aa8e0; --on-heat: #08131c;
    --series-1: #4aa8e0; --series-2: #f0b429; --series-3: #2fc28f; --series-4: #f0803c; --series-5: #dd93bd; --series-6: #8fd0f5; --series-7: #d6c63b; --series-8: #a995f0; }
}
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 1100px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 32px; }
h1 { margin: 0; font-size: 26px; line-height: 1.2; }
h2 { margin: 0 0 12px; font-size: 18px; }
.date { margin: 4px 0 0; color: var(--faint); }
section { margin: 20px 0; padding: 18px 20px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; margin: 18px 0 0; }
.tiles div { padding: 10px 16px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tiles dt { color: var(--faint); font-size: 12px; }
.tiles dd { margin: 0; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(420px, 100%), 1fr)); gap: 22px 28px; }
.charts.small { grid-template-columns: repeat(auto-fill, minmax(min(300px, 100%), 1fr)); }
.charts svg { width: 100%; }
.beside { display: flex; flex-wrap: wrap; gap: 22px 40px; }
.beside figure { margin: 0; max-width: 100%; overflow-x: auto; }
figure { margin: 0; }
svg { display: block; max-width: 100%; height: auto; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 14px; }
.pictures img { width: 100%; image-rendering: pixelated; border: 1px solid var(--line); border-radius: 6px; background: #000; }
figcaption { color: var(--faint); font-size: 12px; line-height: 1.35; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 3px 14px 3px 0; text-align: left; border-bottom: 1px solid var(--line); }
td { text-align: right; }
tbody th { font-weight: 500; }
pre { margin: 0; overflow-x: auto; font: 13px/1.45 ui-monospace, monospace; }
summary { cursor: pointer; }
details table { margin-top: 10px; }
@media print { body { background: none; } section { break-inside: avoid; } }
`;
