using System.Numerics;

namespace Egregore.World.Photos;

/// <summary>Sun and sky of a picture. Linear light: 1 is what a white wall gives that is lit as brightly as a screen shows.</summary>
/// <param name="Sun">Unit vector to the sun.</param>
/// <param name="SunLight">Light of the sun.</param>
/// <param name="Zenith">Light of the sky overhead.</param>
/// <param name="Horizon">Light of the sky at the horizon, and of the haze far away.</param>
/// <param name="SunSize">Tangent of half the angle that the sun takes of the sky, 0 to 0.5.</param>
public readonly record struct PhotoLight(Vector3 Sun, Vector3 SunLight, Vector3 Zenith, Vector3 Horizon, float SunSize);
