// A name for a device that nobody named: `<adjective>-<food>-<number>`, easy to say over the phone. client-protocol 1.2.
import { randomInt } from 'node:crypto';

const ADJECTIVES: readonly string[] = (
  'amber ample bold breezy bright calm candid cheery clever cosy crisp curious daring deft ' +
  'eager early earnest easy fair fond frank fresh gentle glad golden grand handy hardy honest ' +
  'jolly keen kind lively loyal lucky mellow merry mild neat nimble noble patient plucky ' +
  'polite proud quick quiet ready robust rosy sage sharp silver smart snug solid spry steady ' +
  'sunny swift tidy trusty upbeat vivid warm wise witty zesty'
).split(' ');

const FOODS: readonly string[] = (
  'apricot bagel barley basil biscuit brioche cashew cherry chutney cinnamon cobbler couscous ' +
  'crumpet currant dumpling falafel fennel focaccia fudge ginger gnocchi granola hazelnut ' +
  'honey hummus kimchi lasagne lentil lychee macaroon mango marzipan miso muffin mushroom ' +
  'nougat nutmeg oatcake olive omelette pancake papaya paprika parsnip pecan pesto pickle ' +
  'polenta pretzel pumpkin quince radish raisin ravioli risotto saffron scone sesame sorbet ' +
  'strudel tahini tamarind thyme truffle vanilla waffle walnut yoghurt'
).split(' ');

export function randomDeviceId(): string {
  return `${drawn(ADJECTIVES)}-${drawn(FOODS)}-${randomInt(1000)}`;
}

function drawn(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? '';
}
