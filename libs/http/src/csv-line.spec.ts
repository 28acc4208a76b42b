import { csvLine, noFormula } from './event-stream.js';

describe('a record of a CSV file', () => {
  it.each([
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['+1 555 0100', "'+1 555 0100"],
    ['-1+cmd', "'-1+cmd"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
  ])('does not let %j be a formula', (text, field) => {
    expect(csvLine([noFormula(text)])).toBe(`${field}\r\n`);
  });

  it.each(['-20.00', '-1820/1', '0.05', 'a = b', '', "it's"])('leaves %j as it is', (text) => {
    expect(csvLine([noFormula(text), -5])).toBe(`${text},-5\r\n`);
  });

  it('is sent back as it came where nobody asks for that', () => {
    expect(csvLine(['=A6'])).toBe('=A6\r\n');
  });
});
