import { strict as assert } from 'node:assert';
import { readTable, type TableOptions } from '../../../src/intrinsic-dimension/files/table';

const read = (text: string | Buffer, options: TableOptions = {}): ReturnType<typeof readTable> =>
  readTable(Buffer.from(text), options);

const check = async (
  text: string | Buffer,
  rows: number[][],
  options: TableOptions = {},
  note?: RegExp,
): Promise<void> => {
  const { data, shape, notes } = await read(text, options);
  assert.deepEqual(
    Array.from({ length: shape[0] }, (_, i) => Array.from(data.subarray(i * shape[1], (i + 1) * shape[1]))),
    rows,
    JSON.stringify(text.toString()),
  );
  if (note) assert.match(notes.join('\n'), note);
  else assert.deepEqual(notes, []);
};

const ROWS = [
  [0.5, 2],
  [3, -4.25],
];

describe('readTable', () => {
  it('reads numbers between commas, semicolons, tabs, bars and blanks, with and without names', async () => {
    for (const text of [
      '0.5,2\n3,-4.25\n',
      '.5, 2\n+3, -4.25e0',
      'x,y\n0.5,2\n3,-4.25\n',
      'x;y\n0.5;2\n3;-4.25\n',
      '0.5|2\n3|-4.25\n',
      '5e-1\t2.\n3\t-4.25\n',
      '  0.5  2 \n 3 -4.25   \n',
      '"x","y, up"\n"0.5","2"\n"3","-4.25"\n',
      'x#1,x#2\n0.5,2\n3,-4.25\n',
      'PK,y\n0.5,2\n3,-4.25\n',
    ])
      await check(text, ROWS);
  });

  it('reads every kind of line end, empty lines, comments, a mark of UTF-8 and a spreadsheet that says what separates', async () => {
    for (const text of [
      '0.5,2\r\n3,-4.25\r\n',
      '0.5,2\r3,-4.25\r',
      '0.5,2\r\n3,-4.25\n',
      '\n\n0.5,2\n   \n\n3,-4.25',
      '# made by numpy, 1\n0.5,2\n# more\n3,-4.25\n# end',
      '\uFEFFx,y\n0.5,2\n3,-4.25\n',
      'sep=;\r\n0.5;2\r\n3;-4.25\r\n',
    ])
      await check(text, ROWS);
  });

  it('reads decimal commas where something else separates', async () => {
    for (const text of [
      'x;y\n0,5;2\n3;-4,25\n',
      '0,5\t2\n3\t-4,25\n',
      '0,5 2\n3 -4,25\n',
      '0,5|2\n3|-4,25\n',
    ])
      await check(text, ROWS);
    await assert.rejects(
      read('1,234;2\n3;4.5\n'),
      /decimal points, as in '4\.5' \(line 2, column 2\), and commas, as in '1,234'/,
    );
    await assert.rejects(
      read('1,234;2\n3;4,500\n'),
      /commas, as in '1,234' \(line 1, column 1\), may be decimal commas or separate/,
    );
    await assert.rejects(read('1.234,5;2\n3;4\n'), /line 1, column 1 .*'1\.234\.5'|line 1, column 1/);
  });

  it('leaves out labels without a name, as pandas and R write them, and says so', async () => {
    const note =
      /the first column has no name: read as labels and left out \(columns: 'all' keeps all columns\)/;
    await check(',x,y\n0,.5,2\n1,3,-4.25\n', ROWS, {}, note);
    await check('Unnamed: 0,x,y\n7,.5,2\n3,3,-4.25\n', ROWS, {}, note);
    await check(',0,1\na,.5,2\nb,3,-4.25\n', ROWS, {}, note);
    await check('"x" "y"\n"1" .5 2\n"2" 3 -4.25\n', ROWS, {}, note);
    await check(',,x,y\n0,0,.5,2\n0,1,3,-4.25\n', ROWS, {}, /the first 2 columns have no name/);
    await assert.rejects(
      read(',x\n0.25,2\n1.5,3\n'),
      /column 1 has no name but holds numbers, such as 0\.25 in line 2: .* dropColumn: '1'/,
    );
    await check(
      ',x\n0.25,2\n1.5,3\n',
      [
        [0.25, 2],
        [1.5, 3],
      ],
      { columns: 'all' },
    );
  });

  it('takes a first row 0, 1, 2 for the names of pandas, and asks where it may be a point', async () => {
    const note =
      /the first row, 0, 1, 2, is read as names and left out \(header: false reads it as a point\)/;
    await check('0,1,2\n.5,2,3\n', [[0.5, 2, 3]], {}, note);
    await check(
      '0,1,2\n.5,2,3\n',
      [
        [0, 1, 2],
        [0.5, 2, 3],
      ],
      { header: false },
    );
    await assert.rejects(
      read('2019,2020,2021\n.5,2,3\n'),
      /its first row, .*, may be names or a point: add header: true or header: false/,
    );
    await check(
      '0,1\n.5,2\n',
      [
        [0, 1],
        [0.5, 2],
      ],
      {},
      /the first row, 0, 1, is read as a point \(header: true reads/,
    );
    await check('0\n.5\n', [[0], [0.5]], {}, /the first row, 0, is read as a point/);
    await check(
      '0,1\n.5,2\n',
      [
        [0, 1],
        [0.5, 2],
      ],
      { header: false },
    );
    await check('0,1\n.5,2\n', [[0.5, 2]], { header: true });
    await check('0,1\n5,2\n', [
      [0, 1],
      [5, 2],
    ]);
  });

  it('asks where names and numbers are mixed in the first row', async () => {
    for (const text of ['id,0,1\n7,.5,2\n9,3,4.5\n', 'name,0,1\na,.5,2\nb,3,4.5\n', 'x,5\n1,2\n3,4\n'])
      await assert.rejects(
        read(text),
        /its first row, .*, may be names or a point: add header: true or header: false/,
      );
    await check(
      'name,0,1\na,.5,2\nb,3,4.5\n',
      [
        [0.5, 2],
        [3, 4.5],
      ],
      { header: true, dropColumn: 'name' },
    );
    await check(
      'a,1,2.5\nb,3,4.5\n',
      [
        [1, 2.5],
        [3, 4.5],
      ],
      { dropColumn: '1' },
    );
    await assert.rejects(read('1_0,2\n3,4\n'), /line 1, column 1 is '1_0'/);
  });

  it('takes the columns that are asked for, by names and numbers', async () => {
    const text = 'species,x,y,z\na,1,2,3\nb,4,5,6.5\n';
    await check(
      text,
      [
        [1, 2, 3],
        [4, 5, 6.5],
      ],
      { dropColumn: 'species' },
    );
    await check(
      text,
      [
        [1, 2, 3],
        [4, 5, 6.5],
      ],
      { columns: '2-' },
    );
    await check(
      text,
      [
        [3, 1],
        [6.5, 4],
      ],
      { columns: 'z, x' },
    );
    for (const [options, message] of [
      [{ columns: 'w' }, /columns names 'w', which is not one of its columns: did you mean/],
      [{ columns: '5' }, /columns names 5, but its columns are 1 to 4/],
      [{ columns: '2,x' }, /names column 2 \('x'\) twice/],
      [{ dropColumn: '1-4' }, /leaves none of its columns/],
      [{ columns: '2', dropColumn: '1' }, /give only one of them/],
      [{}, /line 2, column 1 \('species'\) is 'a', which is not a finite number: .* with dropColumn/],
    ] as const)
      await assert.rejects(read(text, options), message);
    await assert.rejects(
      read('x,x\n1,2\n', { columns: 'x' }),
      /columns 1 and 2 both have this name: give their numbers/,
    );
  });

  it('leaves out what stands behind a separator at the end of each line', async () => {
    const note = /the rows end with a delimiter/;
    await check('x,y\n.5,2,\n3,-4.25,\n', ROWS, {}, note);
    await check('x,y,\n.5,2,\n3,-4.25,\n', ROWS, {}, note);
  });

  const refused: [string | Buffer, RegExp][] = [
    ['1,2\n3\n', /line 2 has 1 column, line 1 has 2 columns/],
    ['1,2\n3,4,\n', /line 2 has 3 columns, line 1 has 2 columns/],
    ['x,y,z\n1,2\n', /has no name|line 1 has 3 columns, line 2 has 2 columns/],
    ['1,2\n3,four\n', /line 2, column 2 is 'four', which is not a finite number: correct it/],
    ['x,y\n1,nan\n', /line 2, column 2 \('y'\) is 'nan', which is not a finite number: remove the row/],
    ['1,2\n\n3,NA\n', /line 3, column 2 is 'NA'/],
    ['1,2\n-Inf,2\n', /line 2, column 1 is '-Inf'/],
    ['1,2\n,2\n', /line 2, column 1 is empty: remove the row/],
    [',2\n3,4\n', /line 1, column 1 is empty/],
    ['1,2\n0x10,2\n', /line 2, column 1 is '0x10'/],
    ['0x10,0x20\n1,2\n', /line 1, column 1 is '0x10'/],
    ['1,2\n1_000,2\n', /line 2, column 1 is '1_000'/],
    ['1,2\n"1,000",2\n', /line 2, column 1 is '1,000'/],
    ['1,2\n"1\n2",2\n', /line 3, column 1 is '1\u00B72', which/],
    ['1,2\n1e999,2\n', /line 2, column 1 is '1e999'/],
    ['1,2\n3,4 # note\n', /line 2, column 2 is '4 # note'/],
    ['1,2\nTrue,2\n', /line 2, column 1 is 'True'/],
    ['x,y\nmm,mm\n1,2\n', /line 2, column 1 \('x'\) is 'mm'/],
    ['1,2\n"3,4\n', /its quotes are not closed or not at the ends of a cell, in line 2/],
    [
      '9007199254740993,2\n3,4\n',
      /line 1, column 1 is 9007199254740993, whose last digits a float64 cannot hold/,
    ],
    ['x,y\n', /it has names but no rows of numbers/],
    ['\n\n', /it has no rows of numbers/],
    [
      Buffer.of(0x31, 0x2c, 0x32, 0x0a, 0x31, 0x2c, 0xe9, 0x0a),
      /it is not UTF-8 text, the first time in line 2/,
    ],
    [Buffer.of(0x31, 0x0a, 0x00, 0x0a), /it is not UTF-8 text, the first time in line 2/],
    [Buffer.from('\uFEFF1,2\n', 'utf16le'), /it is UTF-16 or UTF-32 text: save it as UTF-8/],
  ];
  for (const [text, message] of refused)
    it(`refuses ${JSON.stringify(text.toString())} with the place`, async () => {
      await assert.rejects(
        read(text),
        (error: Error) => message.test(error.message) && !error.message.includes('\n'),
      );
    });

  it('looks at all rows, not only those from which it finds the form', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `${i / 7},${Math.sin(i)}`);
    const { data, shape } = await read(lines.join('\n'));
    assert.deepEqual([shape, data[2 * 2999]], [[3000, 2], 2999 / 7]);
    await assert.rejects(read([...lines, '1,x'].join('\n')), /line 3001, column 2 is 'x'/);
    await assert.rejects(read([...lines, '1'].join('\n')), /line 3001 has 1 column, line 1 has 2/);
  });
});
