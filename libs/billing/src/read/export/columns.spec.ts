import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parties, statement } from '../statements/statement.fixture.js';
import { csvRow, EXPORT_COLUMNS, jsonRow, type ExportedLine } from './columns.js';

const rows = statement.lines.map((line): ExportedLine => ({ line, statement, parties }));
const [first, , credit, bitcoin, late] = rows.map(jsonRow);

describe('a row of the export', () => {
  it('says in the columns of FOCUS what was charged, for when, to whom', () => {
    expect(first).toMatchObject({
      BillingAccountId: parties.contract.contract_id,
      BillingPeriodStart: '2024-03-01T06:00:00Z',
      BillingPeriodEnd: '2024-04-01T05:00:00Z',
      ChargePeriodStart: '2024-03-01T06:00:00Z',
      ChargePeriodEnd: '2024-04-01T05:00:00Z',
      ChargeCategory: 'Usage',
      ChargeClass: null,
      BilledCost: '4724058.05',
      BillingCurrency: 'USD',
      PricingQuantity: '65159421.334',
      PricingUnit: 'kWh',
      ContractedUnitPrice: '0.0725',
      InvoiceId: '2024-000017',
      RegionId: 'DENTON',
      SkuId: 'nameplateKwh',
      x_TermsVersion: 2,
      x_Clause: '4.1',
      x_Estimated: false,
    });
  });

  it('has no price where the rate is a percentage', () => {
    expect(credit).toMatchObject({ ChargeCategory: 'Credit', ContractedUnitPrice: null });
    expect(credit).toMatchObject({ x_Rate: '1.591766', PricingUnit: 'USD' });
    expect(bitcoin).toMatchObject({ BillingCurrency: 'BTC', BilledCost: '1.5503975' });
  });

  it('of a late fact is a correction, billed now, of the month it is of', () => {
    expect(late).toMatchObject({
      ChargeCategory: 'Usage',
      ChargeClass: 'Correction',
      BillingPeriodStart: '2024-03-01T06:00:00Z',
      ChargePeriodStart: '2024-02-01T06:00:00Z',
      BilledCost: '-1820.07',
      x_AdjustsMonth: '2024-02',
      x_AdjustsLine: 1,
      x_AmountBefore: '4400120.11',
    });
  });

  it('of an agreed change is an adjustment', () => {
    const line = {
      ...rows[4]!.line,
      adjusts: { ...rows[4]!.line.adjusts!, cause: 'agreed' as const },
    };
    expect(jsonRow({ ...rows[4]!, line })).toMatchObject({
      ChargeCategory: 'Adjustment',
      ChargeClass: 'Correction',
      x_AdjustsCause: 'agreed',
    });
  });

  it('says the same as CSV', () => {
    rows.forEach((row) => {
      const json = Object.values(jsonRow(row)).map((value) => String(value ?? ''));
      expect(csvRow(row)).toEqual(json);
    });
  });
});

it('Every column is documented as the code has it', () => {
  const text = readFileSync(join(__dirname, '../../../../../docs/billing-export.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `(\w+)` +\| (\S+) +\| (.+?) +\|$/gm)].map(
    ([, name, type, meaning]) => ({ name, type, meaning }),
  );
  const told = EXPORT_COLUMNS.map(({ name, type, meaning }) => ({ name, type, meaning }));
  expect(documented).toEqual(told);
});
