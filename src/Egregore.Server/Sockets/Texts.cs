using Egregore.Wire;

namespace Egregore.Server.Sockets;

/// <summary>Texts of refusals, made once.</summary>
internal static class Texts
{
    private static readonly string[] Errors = [.. Enum.GetValues<VerifyError>().Select(error => "not a valid message: " + error)];

    public static string Of(VerifyError error) => (int)error < Errors.Length ? Errors[(int)error] : "not a valid message";
}
