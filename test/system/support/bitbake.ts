// As much of bitbake as our layer uses: assignments with their operators, overrides, inherit and require, functions,
// expansion. Inline Python is run by python3 with a stand-in for `d`. What it does not know, it refuses: a line that
// bitbake would refuse does not pass either.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type FunctionKind = 'shell' | 'python';
export type RecipeFunction = { readonly kind: FunctionKind; readonly body: string; readonly file: string };

const ASSIGNMENT =
  /^(?:export\s+)?([A-Za-z0-9_+.${}/:-]+?(?:\[[\w-]+\])?)\s*(\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=)\s*(?:"((?:.|\n)*)"|'((?:.|\n)*)')\s*$/;
const FUNCTION = /^(python\s+)?([\w:${}.-]+)\s*\(\s*\)\s*\{$/;
const WORD = /^(inherit|require|include|addtask)\s+(.+)$/;

/** The variables and functions of one recipe, as after parsing. */
export class Recipe {
  readonly functions = new Map<string, RecipeFunction>();
  readonly inherited: string[] = [];
  readonly #layer: string;
  readonly #values = new Map<string, string>();
  readonly #weak = new Map<string, string>();
  readonly #later: { readonly name: string; readonly operation: string; readonly value: string }[] = [];

  /** `settings`: what local.conf and the distribution say. */
  constructor(layer: string, settings: ReadonlyMap<string, string>) {
    this.#layer = layer;
    for (const [name, value] of settings) this.#values.set(name, value);
  }

  /** Throws for a line that is none of bitbake's. */
  parse(file: string): this {
    const lines = readFileSync(file, 'utf8').replaceAll('\\\n', '').split('\n');
    for (let at = 0; at < lines.length; at += 1) {
      const line = lines[at] ?? '';
      if (line === '' || line.startsWith('#')) continue;
      const [, python, name] = FUNCTION.exec(line) ?? [];
      if (name !== undefined) {
        const end = lines.indexOf('}', at);
        if (end < 0) throw new Error(`${file}:${at + 1}: ${name} has no end`);
        const kind = python === undefined ? 'shell' : 'python';
        this.functions.set(name, { kind, body: lines.slice(at + 1, end).join('\n'), file });
        at = end;
      } else this.#statement(line, `${file}:${at + 1}`);
    }
    return this;
  }

  /** Undefined when nothing sets it. Overrides of OVERRIDES and of the package's own name are applied. */
  get(name: string): string | undefined {
    const overridden = this.#overrides()
      .map((override) => `${name}:${override}`)
      .findLast((key) => this.#values.has(key));
    const base = this.#values.get(overridden ?? name) ?? this.#weak.get(name);
    let value = base === undefined ? undefined : this.expand(base);
    for (const { operation, value: more } of this.#later.filter((one) => one.name === name)) {
      if (operation === 'append') value = (value ?? '') + this.expand(more);
      if (operation === 'prepend') value = this.expand(more) + (value ?? '');
    }
    return value;
  }

  expand(text: string): string {
    const inline = text.replaceAll(/\$\{@((?:[^{}]|\{[^{}]*\})*)\}/g, (_, expression: string) =>
      this.#python(expression),
    );
    return inline.replaceAll(/\$\{([\w:.+-]+)\}/g, (whole, name: string) => this.get(name) ?? whole);
  }

  /** The names that the recipe sets, without their overrides. */
  names(): ReadonlySet<string> {
    return new Set([...this.#values.keys(), ...this.#weak.keys()]);
  }

  #overrides(): readonly string[] {
    const set = this.#values.get('OVERRIDES') ?? this.#weak.get('OVERRIDES') ?? '';
    return set.split(':').filter((override) => override !== '');
  }

  #statement(line: string, place: string): void {
    const [, word, rest] = WORD.exec(line) ?? [];
    if (word !== undefined && rest !== undefined) return this.#word(word, this.expand(rest), place);
    const [, rawName, operator, double, single] = ASSIGNMENT.exec(line) ?? [];
    if (rawName === undefined || operator === undefined)
      throw new Error(`${place}: bitbake does not know: ${line}`);
    this.#assign(this.expand(rawName), operator, double ?? single ?? '');
  }

  #word(word: string, rest: string, place: string): void {
    if (word === 'addtask') return;
    for (const name of rest.split(/\s+/)) {
      const folder = path.dirname(place.replace(/:\d+$/, ''));
      const file =
        word === 'inherit' ? path.join(this.#layer, `classes/${name}.bbclass`) : path.join(folder, name);
      if (word === 'inherit') this.inherited.push(name);
      if (existsSync(file)) this.parse(file);
      else if (word === 'require') throw new Error(`${place}: there is no ${file}`);
    }
  }

  #assign(name: string, operator: string, value: string): void {
    const [, plain, operation] = /^(.+):(append|prepend|remove)$/.exec(name) ?? [];
    if (plain !== undefined && operation !== undefined) {
      this.#later.push({ name: plain, operation, value });
      return;
    }
    const old = this.#values.get(name);
    if (operator === '??=') this.#weak.set(name, value);
    else if (operator === '?=') this.#values.set(name, old ?? value);
    else if (operator === ':=') this.#values.set(name, this.expand(value));
    else if (operator === '+=') this.#values.set(name, old === undefined ? value : `${old} ${value}`);
    else if (operator === '=+') this.#values.set(name, old === undefined ? value : `${value} ${old}`);
    else if (operator === '.=') this.#values.set(name, `${old ?? ''}${value}`);
    else if (operator === '=.') this.#values.set(name, `${value}${old ?? ''}`);
    else this.#values.set(name, value);
  }

  #python(expression: string): string {
    const asked = [...expression.matchAll(/'([A-Z][\w:-]*)'/g)].flatMap(([, name = '']) => {
      const value = this.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    return execFileSync('python3', ['-c', STAND_IN, expression, JSON.stringify(Object.fromEntries(asked))], {
      encoding: 'utf8',
    });
  }
}

/** Bitbake's `d` and the one helper of `bb` that the layer uses. */
const STAND_IN = `
import json, sys, types
values = json.loads(sys.argv[2])
d = types.SimpleNamespace(getVar=lambda name: values.get(name))
contains = lambda name, word, yes, no, d: yes if word in (d.getVar(name) or '').split() else no
bb = types.SimpleNamespace(utils=types.SimpleNamespace(contains=contains))
sys.stdout.write(str(eval(sys.argv[1])))
`;
