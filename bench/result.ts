/** One figure. `against` names the peer or limit of the same run; `promised` is a bound that an issue sets. */
export type Result = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly promised?: string;
  readonly kept?: boolean;
  readonly against?: string;
};

/** Three significant digits: what these machines can tell apart. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
