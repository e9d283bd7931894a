// An ignorer for Stryker: the wording of errors is for people, tests hold their codes. What is left alone are texts with
// a blank in them.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const WORDING = 'wording of an error';

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'texts-of-errors', {
    shouldIgnore(path) {
      if (path.isStringLiteral()) return / /.test(path.node.value) ? WORDING : undefined;
      if (!path.isTemplateLiteral()) return undefined;
      return path.node.quasis.some((part) => / /.test(part.value.raw)) ? WORDING : undefined;
    },
  }),
];
