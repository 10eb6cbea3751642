//! Classic BPF programs (McCanne and Jacobson, "The BSD Packet Filter", 1993): the machine that
//! filters are compiled for.
//!
//! A program is checked once when it is made: every instruction is known, every jump stays inside
//! and every memory cell exists. Running it cannot fail; a load beyond the packet rejects it.

/// Memory cells of the machine.
const CELLS: usize = 16;
/// Most instructions run per packet. Only `protochain` makes loops; a packet made to loop is
/// rejected here.
const STEPS_MAX: u32 = 10_000;

/// A checked program.
#[derive(Clone, Debug)]
pub(super) struct Program(Vec<Instruction>);

#[derive(Clone, Copy, Debug)]
struct Instruction {
    operation: Operation,
    /// Places to go on at, absolute.
    when_true: u32,
    when_false: u32,
    k: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Load(Width, Mode),
    LoadImmediate,
    LoadLength,
    LoadCell,
    LoadXImmediate,
    LoadXLength,
    LoadXCell,
    /// X = 4 times the lower four bits of a byte: the length of an IPv4 header.
    LoadXHeaderLength,
    StoreCell,
    StoreXCell,
    Arithmetic(Arithmetic, Operand),
    Negate,
    Jump,
    JumpIf(Condition, Operand),
    ReturnConstant,
    ReturnAccumulator,
    AccumulatorToX,
    XToAccumulator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Word,
    Half,
    Byte,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Absolute,
    Indirect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand {
    Constant,
    X,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Or,
    And,
    ShiftLeft,
    ShiftRight,
    Remainder,
    Xor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Equal,
    Greater,
    GreaterOrEqual,
    AnyBit,
}

impl Program {
    /// Reads instructions in the binding's text form, four numbers each: code, true and false jump,
    /// constant. `None` when something is not understood.
    pub(super) fn parse(instructions: impl ExactSizeIterator<Item = String>) -> Option<Self> {
        let count = u32::try_from(instructions.len()).ok()?;
        let parsed = instructions.zip(0..count).map(|(text, at)| Instruction::parse(&text, at));
        let program: Vec<Instruction> = parsed.collect::<Option<_>>()?;
        let sound = program.iter().all(|instruction| instruction.is_sound(count));
        (sound && !program.is_empty()).then_some(Self(program))
    }

    /// True when the program accepts a packet of which `data` was captured.
    pub(super) fn accepts(&self, data: &[u8], wire_length: u32) -> bool {
        let mut machine = Machine { data, wire_length, a: 0, x: 0, cells: [0; CELLS] };
        let mut at = 0;
        for _ in 0..STEPS_MAX {
            let Some(instruction) = self.0.get(at as usize) else {
                return false;
            };
            match machine.step(instruction) {
                Some(Next::Place(place)) => at = place,
                Some(Next::Return(kept)) => return kept > 0,
                None => return false,
            }
        }
        false
    }
}

impl Instruction {
    fn parse(text: &str, at: u32) -> Option<Self> {
        let mut numbers = text.split(' ');
        let code: u16 = numbers.next()?.parse().ok()?;
        let when_true: u8 = numbers.next()?.parse().ok()?;
        let when_false: u8 = numbers.next()?.parse().ok()?;
        let k: u32 = numbers.next()?.parse().ok()?;
        let operation = Operation::decode(code)?;
        let next = at.checked_add(1)?;
        let (when_true, when_false) = match operation {
            // Signed: the loops of `protochain` jump back.
            Operation::Jump => (next.checked_add_signed(k.cast_signed())?, next),
            Operation::JumpIf(..) => {
                (next.checked_add(when_true.into())?, next.checked_add(when_false.into())?)
            }
            _ => (next, next),
        };
        Some(Self { operation, when_true, when_false, k })
    }

    /// True when the instruction leads to another one and uses a cell that exists.
    fn is_sound(&self, count: u32) -> bool {
        match self.operation {
            Operation::ReturnConstant | Operation::ReturnAccumulator => true,
            Operation::LoadCell
            | Operation::LoadXCell
            | Operation::StoreCell
            | Operation::StoreXCell => (self.k as usize) < CELLS && self.when_true < count,
            _ => self.when_true < count && self.when_false < count,
        }
    }
}

impl Operation {
    /// The operation of a code of `linux/bpf_common.h` and `pcap/bpf.h`.
    fn decode(code: u16) -> Option<Self> {
        let operand = if code & 0x08 == 0 { Operand::Constant } else { Operand::X };
        Some(match code {
            0x00 => Self::LoadImmediate,
            0x20 => Self::Load(Width::Word, Mode::Absolute),
            0x28 => Self::Load(Width::Half, Mode::Absolute),
            0x30 => Self::Load(Width::Byte, Mode::Absolute),
            0x40 => Self::Load(Width::Word, Mode::Indirect),
            0x48 => Self::Load(Width::Half, Mode::Indirect),
            0x50 => Self::Load(Width::Byte, Mode::Indirect),
            0x60 => Self::LoadCell,
            0x80 => Self::LoadLength,
            0x01 => Self::LoadXImmediate,
            0x61 => Self::LoadXCell,
            0x81 => Self::LoadXLength,
            0xb1 => Self::LoadXHeaderLength,
            0x02 => Self::StoreCell,
            0x03 => Self::StoreXCell,
            0x84 => Self::Negate,
            0x05 => Self::Jump,
            0x06 => Self::ReturnConstant,
            0x16 => Self::ReturnAccumulator,
            0x07 => Self::AccumulatorToX,
            0x87 => Self::XToAccumulator,
            _ if code & 0x07 == 0x04 => {
                Self::Arithmetic(Arithmetic::decode(code & !0x0f)?, operand)
            }
            _ if code & 0x07 == 0x05 => Self::JumpIf(Condition::decode(code & !0x0f)?, operand),
            _ => return None,
        })
    }
}

impl Arithmetic {
    fn decode(code: u16) -> Option<Self> {
        Some(match code {
            0x00 => Self::Add,
            0x10 => Self::Subtract,
            0x20 => Self::Multiply,
            0x30 => Self::Divide,
            0x40 => Self::Or,
            0x50 => Self::And,
            0x60 => Self::ShiftLeft,
            0x70 => Self::ShiftRight,
            0x90 => Self::Remainder,
            0xa0 => Self::Xor,
            _ => return None,
        })
    }

    /// The result; `None`, which rejects the packet, for a division by zero.
    fn apply(self, a: u32, b: u32) -> Option<u32> {
        Some(match self {
            Self::Add => a.wrapping_add(b),
            Self::Subtract => a.wrapping_sub(b),
            Self::Multiply => a.wrapping_mul(b),
            Self::Divide => a.checked_div(b)?,
            Self::Or => a | b,
            Self::And => a & b,
            Self::ShiftLeft => a.checked_shl(b).unwrap_or(0),
            Self::ShiftRight => a.checked_shr(b).unwrap_or(0),
            Self::Remainder => a.checked_rem(b)?,
            Self::Xor => a ^ b,
        })
    }
}

impl Condition {
    fn decode(code: u16) -> Option<Self> {
        Some(match code {
            0x10 => Self::Equal,
            0x20 => Self::Greater,
            0x30 => Self::GreaterOrEqual,
            0x40 => Self::AnyBit,
            _ => return None,
        })
    }

    fn holds(self, a: u32, b: u32) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
            Self::AnyBit => a & b != 0,
        }
    }
}

/// What follows an instruction.
enum Next {
    Place(u32),
    /// The program ends; 0 rejects the packet.
    Return(u32),
}

/// The registers while a packet is looked at.
struct Machine<'a> {
    data: &'a [u8],
    wire_length: u32,
    a: u32,
    x: u32,
    cells: [u32; CELLS],
}

impl Machine<'_> {
    /// Runs one instruction; `None` rejects the packet.
    #[inline]
    fn step(&mut self, instruction: &Instruction) -> Option<Next> {
        let Instruction { operation, when_true, when_false, k } = *instruction;
        match operation {
            Operation::Load(width, Mode::Absolute) => self.a = self.load(width, k)?,
            Operation::Load(width, Mode::Indirect) => {
                self.a = self.load(width, self.x.checked_add(k)?)?;
            }
            Operation::LoadImmediate => self.a = k,
            Operation::LoadLength => self.a = self.wire_length,
            Operation::LoadCell => self.a = *self.cells.get(k as usize)?,
            Operation::LoadXImmediate => self.x = k,
            Operation::LoadXLength => self.x = self.wire_length,
            Operation::LoadXCell => self.x = *self.cells.get(k as usize)?,
            Operation::LoadXHeaderLength => self.x = (self.load(Width::Byte, k)? & 0x0f) << 2,
            Operation::StoreCell => *self.cells.get_mut(k as usize)? = self.a,
            Operation::StoreXCell => *self.cells.get_mut(k as usize)? = self.x,
            Operation::Arithmetic(arithmetic, operand) => {
                self.a = arithmetic.apply(self.a, self.operand(operand, k))?;
            }
            Operation::Negate => self.a = self.a.wrapping_neg(),
            Operation::Jump => {}
            Operation::JumpIf(condition, operand) => {
                let holds = condition.holds(self.a, self.operand(operand, k));
                return Some(Next::Place(if holds { when_true } else { when_false }));
            }
            Operation::ReturnConstant => return Some(Next::Return(k)),
            Operation::ReturnAccumulator => return Some(Next::Return(self.a)),
            Operation::AccumulatorToX => self.x = self.a,
            Operation::XToAccumulator => self.a = self.x,
        }
        Some(Next::Place(when_true))
    }

    #[inline]
    fn operand(&self, operand: Operand, k: u32) -> u32 {
        match operand {
            Operand::Constant => k,
            Operand::X => self.x,
        }
    }

    #[inline]
    fn load(&self, width: Width, at: u32) -> Option<u32> {
        let bytes = self.data.get(at as usize..)?;
        Some(match width {
            Width::Word => u32::from_be_bytes(*bytes.first_chunk()?),
            Width::Half => u32::from(u16::from_be_bytes(*bytes.first_chunk()?)),
            Width::Byte => u32::from(*bytes.first()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(instructions: &[&str]) -> Option<Program> {
        Program::parse(instructions.iter().map(ToString::to_string))
    }

    fn check(instructions: &[&str], data: &[u8], accepted: bool) {
        let program = parse(instructions).unwrap();
        assert_eq!(program.accepts(data, 1_500), accepted, "{instructions:?}");
    }

    #[test]
    fn loads_compares_and_returns() {
        // Half word at 1 equal to 0x0203.
        let program = ["40 0 0 1", "21 0 1 515", "6 0 0 1", "6 0 0 0"];
        check(&program, &[1, 2, 3], true);
        check(&program, &[1, 2, 4], false);
        check(&program, &[1, 2], false);
        check(&program, &[], false);
    }

    #[test]
    fn knows_the_length_on_the_wire() {
        check(&["128 0 0 0", "37 0 1 1499", "6 0 0 1", "6 0 0 0"], &[0; 60], true);
        check(&["129 0 0 0", "135 0 0 0", "53 0 1 1501", "6 0 0 1", "6 0 0 0"], &[0; 60], false);
    }

    #[test]
    fn arithmetic_of_odd_values_rejects_or_wraps() {
        let with = |operation: &str, accepted| {
            check(&["0 0 0 7", "1 0 0 0", operation, "22 0 0 0"], &[], accepted);
        };
        with("60 0 0 0", false); // a / x, x is 0
        with("156 0 0 0", false); // a % x
        with("52 0 0 0", false); // a / 0
        with("148 0 0 4", true); // 7 % 4
        with("100 0 0 40", false); // shift left by 40
        with("116 0 0 32", false);
        with("20 0 0 8", true); // 7 - 8
        with("164 0 0 7", false); // xor
        with("132 0 0 0", true); // negate
    }

    #[test]
    fn memory_and_header_length() {
        // X = 4 * (byte 0 & 15); keep it in cell 15; load the byte at X + 1.
        let program = ["177 0 0 0", "3 0 0 15", "1 0 0 0", "97 0 0 15", "80 0 0 1", "22 0 0 0"];
        check(&program, &[0x41, 0, 0, 0, 0, 9], true);
        check(&program, &[0x41, 0, 0, 0, 0, 0], false);
        check(&program, &[0x41, 0, 0, 0, 0], false);
    }

    #[test]
    fn unsound_programs_are_refused_and_loops_end() {
        for program in [
            &[][..],
            &["0 0 0 1"],
            &["21 9 0 1", "6 0 0 1"],
            &["5 0 0 4294967294", "6 0 0 1"],
            &["2 0 0 16", "6 0 0 1"],
            &["255 0 0 0", "6 0 0 1"],
            &["6 0 0"],
            &["six 0 0 0"],
        ] {
            assert!(parse(program).is_none(), "{program:?}");
        }
        check(&["5 0 0 4294967295", "6 0 0 1"], &[], false);
    }
}
