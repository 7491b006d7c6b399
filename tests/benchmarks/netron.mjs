// Opens a file as netron does, without its window, and prints one JSON line: node netron.mjs PACKAGE FILE
import * as fs from 'fs';
import * as path from 'path';

const [folder, file] = process.argv.slice(2);
const load = (name) => import(`file://${path.join(folder, name)}`);
const node = await load('node.js');
const view = await load('view.js');

const host = {
    type: 'Test',
    environment: () => null,
    event: () => {},
    exception: (error) => console.error(error.message),
    require: (id) => load(`${id.replace('./', '')}.js`),
    asset: async (name) => fs.readFileSync(path.join(folder, name), 'utf-8')
};
const status = fs.statSync(file);
const context = {
    identifier: path.basename(file),
    stream: new node.FileStream(file, 0, status.size, status.mtimeMs),
    entries: new Map(),
    require: host.require,
    asset: host.asset,
    error: host.exception,
    set: () => {},
    get: () => undefined
};
const started = performance.now();
const model = await new view.ModelFactoryService(host).open(context);
const tensors = model.modules.flatMap((module) => module.nodes.flatMap((item) => item.inputs)).length;
console.log(JSON.stringify({ format: model.format, tensors, ms: performance.now() - started }));
