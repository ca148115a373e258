// Finds the shapes of co_await that g++ 12 miscompiles without a warning (docs/architecture.md, section 4): in the
// condition of if/while/for/switch, inside ?:, and inside Type{…}. Everywhere else it may stand.
import { blank, line_of } from './cpp_text.mjs';

const tokens_of = (code) => {
  const tokens = [];
  const pattern = /[A-Za-z_]\w*|[0-9][\w.']*|->|::|<<|>>|&&|\|\||[-+*/%&|^!=<>]=|[^\s\w]/g;
  for (let m = pattern.exec(code); m; m = pattern.exec(code)) tokens.push({ text: m[0], at: m.index });
  return tokens;
};

const block_words = new Set(['else', 'do', 'try', 'const', 'noexcept', 'override', 'final', 'mutable', 'constexpr']);
const after_statement = new Set([';', '{', '}', ':']);

// Is the brace at `index` the start of statements (true) or of an initialiser (false)?
function opens_block(tokens, index, outer) {
  if (outer?.kind === 'init') return tokens[index - 1]?.text === ')' || trailing_return(tokens, index) || lambda(tokens, index);
  const before = tokens[index - 1]?.text;
  if (before === undefined || before === ')' || after_statement.has(before) || block_words.has(before)) return true;
  if (lambda(tokens, index) || trailing_return(tokens, index)) return true;
  return declaration(tokens, index);
}

const lambda = (tokens, index) => {
  if (tokens[index - 1]?.text !== ']') return false;
  let depth = 0;
  for (let i = index - 1; i >= 0; --i) {
    if (tokens[i].text === ']') depth += 1;
    if (tokens[i].text === '[' && --depth === 0) return !/^[\w\])]/.test(tokens[i - 1]?.text ?? '');
  }
  return false;
};

// `… ) -> Task<X> {`: walk back over a type to an arrow that follows a closing parenthesis.
function trailing_return(tokens, index) {
  for (let i = index - 1; i > 0 && index - i < 60; --i) {
    const text = tokens[i].text;
    if (text === '->') return [')', 'mutable', 'noexcept', 'const'].includes(tokens[i - 1].text);
    if (!/^(?:[\w:]+|<|>|>>|,|\*|&|&&|\(|\)|::)$/.test(text)) return false;
  }
  return false;
}

// `namespace a {`, `struct B : C {`, `enum class D {`.
function declaration(tokens, index) {
  for (let i = index - 1; i >= 0 && !['{', '}', ';', ')', '='].includes(tokens[i].text); --i) {
    if (['namespace', 'struct', 'class', 'union', 'enum', 'extern', 'concept'].includes(tokens[i].text)) return true;
  }
  return false;
}

function condition_word(tokens, open) {
  let i = open - 1;
  if (tokens[i]?.text === 'constexpr') i -= 1;
  return ['if', 'while', 'for', 'switch'].includes(tokens[i]?.text) ? tokens[i].text : undefined;
}

// Is there a `?` beside position `at` on its own bracket level, within the same statement or argument?
function in_conditional(tokens, at, level_start) {
  const beside = (from, step, stop) => {
    let depth = 0;
    for (let i = from; i >= 0 && i < tokens.length; i += step) {
      const text = tokens[i].text;
      if (step > 0 ? '([{'.includes(text) : ')]}'.includes(text)) depth += 1;
      else if (step > 0 ? ')]}'.includes(text) : '([{'.includes(text)) {
        if (depth === 0) return false;
        depth -= 1;
      } else if (depth === 0 && (text === ';' || text === ',')) return false;
      else if (depth === 0 && text === '?') return true;
      if (i === stop) return false;
    }
    return false;
  };
  return beside(at - 1, -1, level_start) || beside(at, 1, -1);
}

// faults(source) → [{line, what}]
export function faults(source) {
  const code = blank(source).replace(/^[ \t]*#.*(?:\\\n.*)*$/gm, (line) => line.replace(/[^\n]/g, ' '));
  const tokens = tokens_of(code);
  const found = [];
  const stack = [];
  tokens.forEach((token, index) => {
    const { text } = token;
    if (text === '(' || text === '[') {
      stack.push({ kind: text === '(' && condition_word(tokens, index) ? 'condition' : 'group', index });
    } else if (text === '{') {
      stack.push({ kind: opens_block(tokens, index, stack.at(-1)) ? 'block' : 'init', index });
    } else if (text === ')' || text === ']' || text === '}') {
      stack.pop();
    } else if (text === 'co_await') {
      const line = line_of(source, token.at);
      let at = index;
      for (let depth = stack.length - 1; ; --depth) {
        const level = stack[depth];
        if (in_conditional(tokens, at, level?.index ?? 0)) found.push({ line, what: 'co_await inside ?:' });
        if (!level || level.kind === 'block') break;
        if (level.kind === 'condition') {
          found.push({ line, what: `co_await in the condition of ${condition_word(tokens, level.index)}` });
          break;
        }
        if (level.kind === 'init') {
          found.push({ line, what: 'co_await inside Type{…}' });
          break;
        }
        at = level.index;
      }
    }
  });
  return found;
}
