namespace Egregore.Wasm.Tests;

/// <summary>Every operator that the numeric classes hold a method for, with its opcode (specification, 5.4.7 and 5.4.8).</summary>
internal static class NumericsOperators
{
    private const string Table = """
        i32.clz=67 i32.ctz=68 i32.popcnt=69 i32.div_s=6d i32.div_u=6e i32.rem_s=6f i32.rem_u=70 i32.shl=74 i32.shr_s=75 i32.shr_u=76 i32.rotl=77
        i32.rotr=78 i64.clz=79 i64.ctz=7a i64.popcnt=7b i64.div_s=7f i64.div_u=80 i64.rem_s=81 i64.rem_u=82 i64.shl=86 i64.shr_s=87 i64.shr_u=88
        i64.rotl=89 i64.rotr=8a f32.abs=8b f32.neg=8c f32.ceil=8d f32.floor=8e f32.trunc=8f f32.nearest=90 f32.sqrt=91 f32.add=92 f32.sub=93
        f32.mul=94 f32.div=95 f32.min=96 f32.max=97 f32.copysign=98 f64.abs=99 f64.neg=9a f64.ceil=9b f64.floor=9c f64.trunc=9d f64.nearest=9e
        f64.sqrt=9f f64.add=a0 f64.sub=a1 f64.mul=a2 f64.div=a3 f64.min=a4 f64.max=a5 f64.copysign=a6 i32.wrap_i64=a7 i32.trunc_f32_s=a8
        i32.trunc_f32_u=a9 i32.trunc_f64_s=aa i32.trunc_f64_u=ab i64.extend_i32_s=ac i64.extend_i32_u=ad i64.trunc_f32_s=ae i64.trunc_f32_u=af
        i64.trunc_f64_s=b0 i64.trunc_f64_u=b1 f32.convert_i32_s=b2 f32.convert_i32_u=b3 f32.convert_i64_s=b4 f32.convert_i64_u=b5
        f32.demote_f64=b6 f64.convert_i32_s=b7 f64.convert_i32_u=b8 f64.convert_i64_s=b9 f64.convert_i64_u=ba f64.promote_f32=bb
        i32.reinterpret_f32=bc i64.reinterpret_f64=bd f32.reinterpret_i32=be f64.reinterpret_i64=bf i32.extend8_s=c0 i32.extend16_s=c1
        i64.extend8_s=c2 i64.extend16_s=c3 i64.extend32_s=c4 i32.trunc_sat_f32_s=fc00 i32.trunc_sat_f32_u=fc01 i32.trunc_sat_f64_s=fc02
        i32.trunc_sat_f64_u=fc03 i64.trunc_sat_f32_s=fc04 i64.trunc_sat_f32_u=fc05 i64.trunc_sat_f64_s=fc06 i64.trunc_sat_f64_u=fc07
        i8x16.shuffle=fd0d i8x16.swizzle=fd0e i8x16.splat=fd0f i16x8.splat=fd10 i32x4.splat=fd11 i64x2.splat=fd12 f32x4.splat=fd13
        f64x2.splat=fd14 i8x16.extract_lane_s=fd15 i8x16.extract_lane_u=fd16 i8x16.replace_lane=fd17 i16x8.extract_lane_s=fd18
        i16x8.extract_lane_u=fd19 i16x8.replace_lane=fd1a i32x4.extract_lane=fd1b i32x4.replace_lane=fd1c i64x2.extract_lane=fd1d
        i64x2.replace_lane=fd1e f32x4.extract_lane=fd1f f32x4.replace_lane=fd20 f64x2.extract_lane=fd21 f64x2.replace_lane=fd22 i8x16.eq=fd23
        i8x16.ne=fd24 i8x16.lt_s=fd25 i8x16.lt_u=fd26 i8x16.gt_s=fd27 i8x16.gt_u=fd28 i8x16.le_s=fd29 i8x16.le_u=fd2a i8x16.ge_s=fd2b
        i8x16.ge_u=fd2c i16x8.eq=fd2d i16x8.ne=fd2e i16x8.lt_s=fd2f i16x8.lt_u=fd30 i16x8.gt_s=fd31 i16x8.gt_u=fd32 i16x8.le_s=fd33
        i16x8.le_u=fd34 i16x8.ge_s=fd35 i16x8.ge_u=fd36 i32x4.eq=fd37 i32x4.ne=fd38 i32x4.lt_s=fd39 i32x4.lt_u=fd3a i32x4.gt_s=fd3b
        i32x4.gt_u=fd3c i32x4.le_s=fd3d i32x4.le_u=fd3e i32x4.ge_s=fd3f i32x4.ge_u=fd40 f32x4.eq=fd41 f32x4.ne=fd42 f32x4.lt=fd43 f32x4.gt=fd44
        f32x4.le=fd45 f32x4.ge=fd46 f64x2.eq=fd47 f64x2.ne=fd48 f64x2.lt=fd49 f64x2.gt=fd4a f64x2.le=fd4b f64x2.ge=fd4c v128.not=fd4d
        v128.and=fd4e v128.andnot=fd4f v128.or=fd50 v128.xor=fd51 v128.bitselect=fd52 v128.any_true=fd53 f32x4.demote_f64x2_zero=fd5e
        f64x2.promote_low_f32x4=fd5f i8x16.abs=fd60 i8x16.neg=fd61 i8x16.popcnt=fd62 i8x16.all_true=fd63 i8x16.bitmask=fd64
        i8x16.narrow_i16x8_s=fd65 i8x16.narrow_i16x8_u=fd66 f32x4.ceil=fd67 f32x4.floor=fd68 f32x4.trunc=fd69 f32x4.nearest=fd6a i8x16.shl=fd6b
        i8x16.shr_s=fd6c i8x16.shr_u=fd6d i8x16.add=fd6e i8x16.add_sat_s=fd6f i8x16.add_sat_u=fd70 i8x16.sub=fd71 i8x16.sub_sat_s=fd72
        i8x16.sub_sat_u=fd73 f64x2.ceil=fd74 f64x2.floor=fd75 i8x16.min_s=fd76 i8x16.min_u=fd77 i8x16.max_s=fd78 i8x16.max_u=fd79 f64x2.trunc=fd7a
        i8x16.avgr_u=fd7b i16x8.extadd_pairwise_i8x16_s=fd7c i16x8.extadd_pairwise_i8x16_u=fd7d i32x4.extadd_pairwise_i16x8_s=fd7e
        i32x4.extadd_pairwise_i16x8_u=fd7f i16x8.abs=fd8001 i16x8.neg=fd8101 i16x8.q15mulr_sat_s=fd8201 i16x8.all_true=fd8301 i16x8.bitmask=fd8401
        i16x8.narrow_i32x4_s=fd8501 i16x8.narrow_i32x4_u=fd8601 i16x8.extend_low_i8x16_s=fd8701 i16x8.extend_high_i8x16_s=fd8801
        i16x8.extend_low_i8x16_u=fd8901 i16x8.extend_high_i8x16_u=fd8a01 i16x8.shl=fd8b01 i16x8.shr_s=fd8c01 i16x8.shr_u=fd8d01 i16x8.add=fd8e01
        i16x8.add_sat_s=fd8f01 i16x8.add_sat_u=fd9001 i16x8.sub=fd9101 i16x8.sub_sat_s=fd9201 i16x8.sub_sat_u=fd9301 f64x2.nearest=fd9401
        i16x8.mul=fd9501 i16x8.min_s=fd9601 i16x8.min_u=fd9701 i16x8.max_s=fd9801 i16x8.max_u=fd9901 i16x8.avgr_u=fd9b01
        i16x8.extmul_low_i8x16_s=fd9c01 i16x8.extmul_high_i8x16_s=fd9d01 i16x8.extmul_low_i8x16_u=fd9e01 i16x8.extmul_high_i8x16_u=fd9f01
        i32x4.abs=fda001 i32x4.neg=fda101 i32x4.all_true=fda301 i32x4.bitmask=fda401 i32x4.extend_low_i16x8_s=fda701
        i32x4.extend_high_i16x8_s=fda801 i32x4.extend_low_i16x8_u=fda901 i32x4.extend_high_i16x8_u=fdaa01 i32x4.shl=fdab01 i32x4.shr_s=fdac01
        i32x4.shr_u=fdad01 i32x4.add=fdae01 i32x4.sub=fdb101 i32x4.mul=fdb501 i32x4.min_s=fdb601 i32x4.min_u=fdb701 i32x4.max_s=fdb801
        i32x4.max_u=fdb901 i32x4.dot_i16x8_s=fdba01 i32x4.extmul_low_i16x8_s=fdbc01 i32x4.extmul_high_i16x8_s=fdbd01
        i32x4.extmul_low_i16x8_u=fdbe01 i32x4.extmul_high_i16x8_u=fdbf01 i64x2.abs=fdc001 i64x2.neg=fdc101 i64x2.all_true=fdc301
        i64x2.bitmask=fdc401 i64x2.extend_low_i32x4_s=fdc701 i64x2.extend_high_i32x4_s=fdc801 i64x2.extend_low_i32x4_u=fdc901
        i64x2.extend_high_i32x4_u=fdca01 i64x2.shl=fdcb01 i64x2.shr_s=fdcc01 i64x2.shr_u=fdcd01 i64x2.add=fdce01 i64x2.sub=fdd101 i64x2.mul=fdd501
        i64x2.eq=fdd601 i64x2.ne=fdd701 i64x2.lt_s=fdd801 i64x2.gt_s=fdd901 i64x2.le_s=fdda01 i64x2.ge_s=fddb01 i64x2.extmul_low_i32x4_s=fddc01
        i64x2.extmul_high_i32x4_s=fddd01 i64x2.extmul_low_i32x4_u=fdde01 i64x2.extmul_high_i32x4_u=fddf01 f32x4.abs=fde001 f32x4.neg=fde101
        f32x4.sqrt=fde301 f32x4.add=fde401 f32x4.sub=fde501 f32x4.mul=fde601 f32x4.div=fde701 f32x4.min=fde801 f32x4.max=fde901 f32x4.pmin=fdea01
        f32x4.pmax=fdeb01 f64x2.abs=fdec01 f64x2.neg=fded01 f64x2.sqrt=fdef01 f64x2.add=fdf001 f64x2.sub=fdf101 f64x2.mul=fdf201 f64x2.div=fdf301
        f64x2.min=fdf401 f64x2.max=fdf501 f64x2.pmin=fdf601 f64x2.pmax=fdf701 i32x4.trunc_sat_f32x4_s=fdf801 i32x4.trunc_sat_f32x4_u=fdf901
        f32x4.convert_i32x4_s=fdfa01 f32x4.convert_i32x4_u=fdfb01 i32x4.trunc_sat_f64x2_s_zero=fdfc01 i32x4.trunc_sat_f64x2_u_zero=fdfd01
        f64x2.convert_low_i32x4_s=fdfe01 f64x2.convert_low_i32x4_u=fdff01
        """;

    /// <summary>Name in the text format, and the bytes of the opcode.</summary>
    public static readonly (string Name, byte[] Opcode)[] All =
        [.. Table.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.Split('=')).Select(pair => (pair[0], Convert.FromHexString(pair[1])))];

    /// <summary>The method's name by the rule of the numeric classes: <c>i8x16.narrow_i16x8_s</c> is <c>I8x16NarrowI16x8S</c>.</summary>
    public static string MethodName(string name) => string.Concat(name.Split('.', '_').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
}
