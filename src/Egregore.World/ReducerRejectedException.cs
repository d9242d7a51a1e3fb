namespace Egregore.World;

/// <summary>A reducer said no: its transaction leaves no trace and the caller gets the reason. Thrown by <see cref="ReducerContext.Reject"/> and by tables.</summary>
public sealed class ReducerRejectedException : Exception
{
    public ReducerRejectedException()
    {
    }

    public ReducerRejectedException(string message)
        : base(message)
    {
    }

    public ReducerRejectedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
