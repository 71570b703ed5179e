"""A page's style: what a transcript looks like, in light and dark, on a phone and on paper."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --sheet: #ffffff; --ink: #1b1f24; --quiet: #59636e; --line: #d9dee4; --soft: #f1f3f6;
  --accent: #0b5cad; --done: #1a6b34; --done-soft: #dff3e4; --failed: #a61b1b; --failed-soft: #fde4e4;
  --paused: #7a4b00; --paused-soft: #fdf0d2; --open: #59636e; --open-soft: #e9ecf0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --sheet: #1c2026; --ink: #e4e8ed; --quiet: #9aa6b2; --line: #343b44; --soft: #242a31;
    --accent: #7ab8f5; --done: #7ddb98; --done-soft: #173321; --failed: #ff9b9b; --failed-soft: #44201f;
    --paused: #f3c76a; --paused-soft: #3b2f14; --open: #aab4bf; --open-soft: #2a3038;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main { max-width: 54rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: .5rem 0 .75rem; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h3 { font-size: .95rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); font-weight: normal; font-size: .85rem; }
dl { margin: 0 0 1rem; display: grid; gap: .15rem; font-size: .9rem; }
dl div { display: flex; gap: .5rem; }
dt { color: var(--quiet); flex: 0 0 7rem; }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
section, details.fold, .remark { margin: 0 0 .75rem; }
main > section {
  background: var(--sheet); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem;
}
.said > h2 { color: var(--quiet); font-size: .8rem; letter-spacing: .04em; text-transform: uppercase; }
.said.user { border-left: .25rem solid var(--accent); }
.said.answer { border-left: .25rem solid var(--done); }
.waiting { border-color: var(--paused) !important; background: var(--paused-soft) !important; }
.waiting ul { margin: 0; padding-left: 1.2rem; }
.waiting code { white-space: pre-wrap; overflow-wrap: anywhere; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; }
.mono, code {
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .85rem;
}
.mono { background: var(--soft); border-radius: .4rem; padding: .5rem .65rem; margin: 0 0 .5rem; }
.arguments { border-left: .2rem solid var(--line); }
.call { border-top: 1px solid var(--line); padding-top: .7rem; margin-top: .7rem; }
.call:last-child { margin-bottom: 0; }
.child { border-left: .2rem solid var(--line); padding-left: .75rem; }
.child section.step, .child section.said { border-top: 1px dotted var(--line); padding-top: .5rem; }
.badge {
  display: inline-block; border-radius: 1rem; padding: 0 .55rem; font-size: .75rem; line-height: 1.5rem;
  font-weight: 600; background: var(--open-soft); color: var(--open); overflow-wrap: anywhere;
}
.badge.done { background: var(--done-soft); color: var(--done); }
.badge.failed { background: var(--failed-soft); color: var(--failed); }
.badge.paused, .badge.limited { background: var(--paused-soft); color: var(--paused); }
.remark { font-size: .9rem; overflow-wrap: anywhere; }
.place {
  color: var(--quiet); font-size: .75rem; font-weight: normal; overflow-wrap: anywhere;
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
.hidden { background: var(--failed-soft); color: var(--failed); border-radius: .2rem; padding: 0 .15rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: .2rem; }
details.fold > summary { color: var(--accent); font-size: .9rem; margin-bottom: .35rem; }
details[open] > summary > .preview { display: none; }
.preview { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .85rem; }
img { max-width: 100%; height: auto; border-radius: .4rem; }
@media (max-width: 36rem) {
  main { padding: .5rem; }
  main > section { padding: .65rem .7rem; }
  dt { flex-basis: 5.5rem; }
  .child { padding-left: .5rem; }
}
@media print { body { background: none; } main > section { break-inside: avoid-page; } }
"""
"""CSS; loads nothing."""
