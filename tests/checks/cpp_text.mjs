// Blanks out what is no code in a C++ file (comments, strings, characters), keeping every offset and line break.
export function blank(source) {
  const out = source.split('');
  const wipe = (from, to) => {
    for (let i = from; i < to; ++i) if (out[i] !== '\n') out[i] = ' ';
  };
  let i = 0;
  while (i < source.length) {
    const two = source.slice(i, i + 2);
    if (two === '//') {
      let end = source.indexOf('\n', i);
      while (end > 0 && source[end - 1] === '\\') end = source.indexOf('\n', end + 1);
      if (end < 0) end = source.length;
      wipe(i, end);
      i = end;
    } else if (two === '/*') {
      const end = source.indexOf('*/', i + 2);
      const stop = end < 0 ? source.length : end + 2;
      wipe(i, stop);
      i = stop;
    } else if (source[i] === '"') {
      const raw = /(?:u8|[uUL])?R$/.exec(source.slice(Math.max(0, i - 3), i));
      const before = raw ? source[i - raw[0].length - 1] : ' ';
      if (raw && !/[A-Za-z0-9_]/.test(before ?? ' ')) {
        const open = source.indexOf('(', i);
        const close = `)${source.slice(i + 1, open)}"`;
        const end = source.indexOf(close, open);
        const stop = end < 0 ? source.length : end + close.length;
        wipe(i + 1, stop - 1);
        i = stop;
      } else {
        i = skip_quoted(source, i, '"', wipe);
      }
    } else if (source[i] === "'" && !/[0-9A-Fa-f]/.test(source[i - 1] ?? ' ')) {
      i = skip_quoted(source, i, "'", wipe);
    } else {
      i += 1;
    }
  }
  return out.join('');
}

function skip_quoted(source, start, quote, wipe) {
  let i = start + 1;
  while (i < source.length && source[i] !== quote && source[i] !== '\n') i += source[i] === '\\' ? 2 : 1;
  wipe(start + 1, Math.min(i, source.length));
  return i + 1;
}

export const line_of = (source, offset) => source.slice(0, offset).split('\n').length;
