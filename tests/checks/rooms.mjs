// No folder includes one above it: the order is the table "Rooms and their order" of docs/architecture.md.
import fs from 'node:fs';
import path from 'node:path';

// The umbrella headers stand above all rooms; two of them lie inside leanmcp/auth because of the original's names.
const umbrellas = /^leanmcp\/(?:[^/]+\.hpp|auth\/(?:client|server)\.hpp)$/;
// What a user's translation unit must not have to compile.
const heavy = [/^boost\/(?:asio|beast)\b/, /^boost\/json\.hpp$/, /^openssl\//, /^curl\//, /^sqlite3\.h$/, /^libpq-fe\.h$/,
  /^spdlog\//, /^boost\/json\/src\.hpp$/];

export function room_order(root) {
  const text = fs.readFileSync(path.join(root, 'docs/architecture.md'), 'utf8');
  const order = [];
  for (const row of text.matchAll(/^\| *\d+ *\| *(.+?) *\|/gm)) {
    for (const name of row[1].matchAll(/`([\w/]+?)\/?`/g)) order.push(name[1]);
  }
  return order;
}

const includes_of = (file) => [...fs.readFileSync(file, 'utf8').matchAll(/^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]/gm)]
  .map((match) => match[1]);

const room_of = (order, file) => order.filter((room) => file.startsWith(`${room}/`)).sort((a, b) => b.length - a.length)[0];

export function check_rooms(root, files, report) {
  const order = room_order(root);
  report('the table of rooms can be read', order.length >= 15 && order[0] === 'leanmcp/base', order.join(' '));
  for (const file of files.filter((name) => /\.(?:hpp|cpp|h|cc)$/.test(name))) {
    const room = room_of(order, file);
    const above = [];
    for (const include of includes_of(path.join(root, file))) {
      const target = include.startsWith('leanmcp/') ? include : path.join(path.dirname(file), include);
      if (!umbrellas.test(file) && room?.startsWith('leanmcp/') && umbrellas.test(target)) above.push(`${target} (an umbrella header)`);
      const other = room_of(order, target);
      if (room && other && order.indexOf(other) > order.indexOf(room) && !umbrellas.test(file)) above.push(target);
    }
    if (file.startsWith('leanmcp/') && !umbrellas.test(file)) {
      report(`${file} lies in a room`, room !== undefined, 'a folder that the table does not name');
    }
    report(`${file} includes nothing from above`, above.length === 0, above.join(', '));
  }
  check_weight(root, files, report);
  check_links(root, files, report);
}

// Everything that an umbrella header brings in is public: none of it may bring in a heavy library.
function check_weight(root, files, report) {
  const seen = new Map();
  const visit = (file, trail) => {
    if (seen.has(file)) return;
    seen.set(file, trail);
    for (const include of includes_of(path.join(root, file))) {
      if (include.startsWith('leanmcp/')) {
        if (fs.existsSync(path.join(root, include))) visit(include, [...trail, include]);
      } else if (heavy.some((pattern) => pattern.test(include))) {
        report(`${file} is light`, false, `includes ${include}, reached by ${trail.join(' > ')}`);
      }
    }
  };
  for (const file of files.filter((name) => umbrellas.test(name) && name !== 'leanmcp/asio.hpp')) visit(file, [file]);
  report('public headers were followed', true);
}

// The sandbox is for trying and testing: no server links it.
function check_links(root, files, report) {
  for (const file of files.filter((name) => /^examples\/.*CMakeLists\.txt$/.test(name))) {
    report(`${file} links no sandbox`, !/leanmcp::sandbox/.test(fs.readFileSync(path.join(root, file), 'utf8')));
  }
}
